"""A ceiling for the rights of every role of the stack, which a team's own administrators have set."""

import pulumi


def bound_roles(boundary_arn: str) -> None:
    """Give each role that is registered from now on this permissions boundary. Call it before any resource is made."""

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": boundary_arn}, args.opts)

    pulumi.runtime.register_stack_transformation(bound)
