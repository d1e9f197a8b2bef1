"""A forked child is another process: ids of its own, empty queues, series at zero, its own pid and
instance; nothing of its parent is sent twice, and the parent goes on as if nothing had happened."""
import pytest
from conftest import ROOT, WARNINGS_C
from otlp_backend import PATHS, Backend, attributes, frames, records

ROLES = ["parent", "child0", "child1", "child2", "grandchild"]
FIRST = ["span", "end", "counter", "histogram", "log", "flush", "poll", "scope", "stats"]
OWN = {"parent": 80, "child1": 40}  # records of each kind; of the others 20
TRACES, METRICS, LOGS = PATHS
BUILDS = {"wiped": [], "atfork": ["-DOTEL_LITE_ATFORK"]}


@pytest.fixture(scope="module", params=BUILDS)
def forking(request, cc, run_c, tmp_path_factory):
    """forking(first call, *arguments) -> {role: [(path, message)]}, {role: pid}"""
    program = cc(ROOT / "tests/contract/fork.c", f"contract/fork_{request.param}",
                 ["-std=c99", "-O1", "-pthread", "-Wno-missing-prototypes", *WARNINGS_C,
                  *BUILDS[request.param]])

    def run(*arguments):
        folder = tmp_path_factory.mktemp("fork")
        result = run_c(program, folder, *arguments, timeout=60)
        assert result.returncode == 0, f"the check in line {result.returncode - 1} of fork.c"
        sent = {path.stem: frames(path.read_bytes()) for path in folder.glob("*.sent")}
        pids = {path.stem: int(path.read_text()) for path in folder.glob("*.pid")}
        assert sorted(pids) == sorted(ROLES)
        return sent, pids

    return run


def of(sent, role, path):
    return list(records([message for kind, message in sent[role] if kind == path]))


def check_ids(sent):
    """No id of a span was given twice, by whomever; no root span shares its trace."""
    spans = [span for role in ROLES for _, _, span in of(sent, role, TRACES)]
    ids = [span.span_id for span in spans]
    assert len(ids) == len(set(ids)) >= 2 * (80 + 40 + 60)
    roots = [span.trace_id for span in spans if not span.parent_span_id]
    assert len(roots) == len(set(roots)) >= 180
    assert all(len(one) == 8 for one in ids) and all(len(one) == 16 for one in roots)


def check_own(sent, role, first):
    """What a process sent is what it recorded, once."""
    own = OWN.get(role, 20)
    extra = {"span": (1, 0, 0, 0), "counter": (0, 1, 0, 0), "histogram": (0, 0, 1, 0),
             "log": (0, 0, 0, 1)}.get(first, (0, 0, 0, 0)) if role != "parent" else (0, 0, 0, 0)
    spans = [span.name for _, _, span in of(sent, role, TRACES)]
    assert spans == [role] * (2 * own + extra[0] + (role == "parent"))
    logs = [log.body.string_value for _, _, log in of(sent, role, LOGS)]
    assert logs == [role] * (own + extra[3])
    points = {}
    for _, _, metric in of(sent, role, METRICS):
        for point in (metric.sum if metric.HasField("sum") else metric.histogram).data_points:
            points[metric.name] = point  # cumulative: the last one counts
    assert points["c"].as_int == own + extra[1]
    assert points["h"].count == own + extra[2]
    return points["c"].start_time_unix_nano


def check_resources(sent, pids, named):
    instances = {}
    for role in ROLES:
        resources = [attributes(resource) for _, message in sent[role]
                     for resource, _, _ in records([message])]
        assert {resource["process.pid"] for resource in resources} == {pids[role]}
        (instances[role],) = {resource["service.instance.id"] for resource in resources}
        assert {resource["service.name"] for resource in resources} == {"forker"}
    assert set(instances.values()) == {"chosen"} if named else len(set(instances.values())) == 5


@pytest.mark.parametrize("first", FIRST)
def test_children_are_processes_of_their_own(first, forking):
    sent, pids = forking(first)
    check_ids(sent)
    starts = {role: check_own(sent, role, first) for role in ROLES}
    assert all(starts["parent"] < starts[role] for role in ROLES[1:])
    check_resources(sent, pids, named=False)


@pytest.mark.parametrize("arguments", [("background",), ("named",), ("background", "named"),
                                       ("background", "inside")],
                         ids=" ".join)
def test_children_of_a_process_with_a_thread_a_request_or_a_chosen_instance(arguments, forking):
    sent, pids = forking("span", *arguments)
    check_ids(sent)
    for role in ROLES:
        check_own(sent, role, "span")
    check_resources(sent, pids, "named" in arguments)


@pytest.mark.parametrize("arguments", [(), ("background",)], ids=str)
def test_children_leave_the_connection_of_their_parent_alone(arguments, forking):
    with Backend() as backend:
        _, pids = forking("log", *arguments, backend.endpoint)
        sent, connections = {role: [] for role in ROLES}, {role: set() for role in ROLES}
        names = {pid: role for role, pid in pids.items()}
        for request in backend.requests:
            resource, _, _ = next(records([request.message]))
            role = names[attributes(resource)["process.pid"]]
            sent[role].append((request.path, request.message))
            connections[role].add(request.connection)
    check_ids(sent)
    for role in ROLES:
        check_own(sent, role, "log")
    assert [len(connections[role]) for role in ROLES] == [1] * 5
    assert len(set.union(*connections.values())) == 5
