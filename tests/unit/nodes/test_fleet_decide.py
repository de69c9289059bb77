"""The actions that follow from Auto Scaling's groups: they are decided without a clock, a process or a cloud."""

from local.serving.fleet import Action, Instance, Machine, decide

OLD = Instance("i-old", "eu-west-1", "eu-west-1a", "group-0")
NEW = Instance("i-new", "eu-west-1", "eu-west-1b", "group-0")
OTHER = Instance("i-other", "eu-west-1", "eu-west-1b", "group-1")


def actions(observed: list[Machine], desired: list[Instance], now: float = 100.0) -> list[Action]:
    return decide(
        {machine.instance.id: machine for machine in observed},
        {instance.id: instance for instance in desired},
        now=now,
        boot_seconds=20.0,
    )


def test_nothing_to_do_where_everything_runs() -> None:
    assert actions([Machine(OLD, "running"), Machine(OTHER, "running")], [OLD, OTHER]) == []


def test_the_first_machines_of_a_group_come_up_at_once() -> None:
    assert actions([Machine(OTHER, "running")], [OLD, NEW, OTHER]) == [
        Action("launch", OLD, 100.0),
        Action("launch", NEW, 100.0),
    ]


def test_a_later_machine_takes_its_time_to_boot() -> None:
    assert actions([Machine(OLD, "running")], [OLD, NEW]) == [Action("launch", NEW, 120.0)]
    booting = Machine(NEW, "booting", due=120.0)
    assert actions([Machine(OLD, "running"), booting], [OLD, NEW], now=119.9) == []
    assert actions([Machine(OLD, "running"), booting], [OLD, NEW], now=120.0) == [Action("start", NEW)]


def test_a_dead_node_is_reported_when_somebody_would_have_noticed() -> None:
    dead = Machine(OLD, "dead", due=110.0)
    assert actions([dead], [OLD], now=109.9) == []
    assert actions([dead], [OLD], now=110.0) == [Action("report", OLD)]


def test_an_instance_that_is_gone_takes_its_machine_with_it_whatever_state_it_is_in() -> None:
    for machine in (Machine(OLD, "running"), Machine(OLD, "booting", due=120.0), Machine(OLD, "dead", due=0.0)):
        assert actions([machine], []) == [Action("remove", OLD)]


def test_a_replacement_boots_before_the_dead_one_is_removed_and_not_at_once() -> None:
    assert actions([Machine(OLD, "dead", due=0.0)], [NEW]) == [Action("launch", NEW, 120.0), Action("remove", OLD)]
