"""A limit for the rights of every role of the stack, which the team's administrators set."""

import pulumi


def bound_roles(boundary_arn: str) -> None:
    """Give this permissions boundary to each role that is registered after this call. Call it before all resources."""

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": boundary_arn}, args.opts)

    pulumi.runtime.register_stack_transformation(bound)
