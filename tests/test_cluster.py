"""The Dask engine: bit for bit the local one, with a worker that dies and a scheduler that does not answer."""

import logging
import os
import signal
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import forecast
from forecast.engines import cluster
from forecast.errors import ForecastError, InputError
from forecast.paths import Work
from forecast.scenario import load_scenario
from forecast.simulation import simulate

PATHS = 10_050  # three blocks, the last a part
BY_PATH = ("price_rank[groq:commodity]", "purchases[azure]")


@pytest.fixture(scope="module")
def scenario(tables):
    return load_scenario("base", tables, months=4)


@pytest.fixture(scope="module")
def local(scenario):
    return simulate(scenario, PATHS, seed=3, threads=1, keep_months=(2,), keep_more=BY_PATH)


def assert_same(found, wanted):
    for mine, theirs in zip(found.by_path(), wanted.by_path(), strict=True):
        assert_array_equal(mine, theirs)
    for name, counts in wanted.counts.items():
        assert_array_equal(found.counts[name], counts, err_msg=name)


@pytest.fixture(scope="module")
def scheduler():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as made:
        yield made


def test_a_cluster_gives_the_same_bits_and_says_how_far_it_is(scenario, local, scheduler):
    said = []
    found = simulate(
        scenario, PATHS, seed=3, keep_months=(2,), keep_more=BY_PATH, progress=said.append, engine="dask",
        scheduler=scheduler.scheduler_address,
    )  # fmt: skip
    assert_same(found, local)
    assert sum(said) == PATHS and len(said) == 3


@pytest.mark.parametrize("workers", [1, 2])  # the only one takes all it held with it
def test_a_cluster_of_its_own_survives_a_worker_that_is_killed(scenario, local, workers, capfd):
    """Nor does Dask say on stderr what a machine at work does to its workers: --quiet could not silence that."""
    killed = []

    def kill_one(paths):
        logging.getLogger("distributed.nanny").warning("Worker process still alive after 4.0 seconds, killing")
        if not killed:
            from distributed import get_client

            killed.append(next(iter(get_client().run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    found = simulate(
        scenario,
        PATHS,
        seed=3,
        threads=workers,
        keep_months=(2,),
        keep_more=BY_PATH,
        progress=kill_one,
        engine="dask",
    )
    assert killed
    assert_same(found, local)
    assert capfd.readouterr().err == ""


def test_a_scheduler_that_is_lost_is_said_in_one_sentence(scenario):
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as made,
        pytest.raises(ForecastError, match="the connection to the Dask scheduler was lost. Start it, and run again."),
    ):
        simulate(
            scenario,
            50_000,
            seed=3,
            engine="dask",
            scheduler=made.scheduler_address,
            progress=lambda _: made.close(),
        )


def test_a_scheduler_without_workers_is_not_waited_for_for_ever(scenario, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(cluster, "WAIT_FOR_WORKERS_S", 1)
    with LocalCluster(n_workers=0, dashboard_address=":0") as empty:
        address = empty.scheduler_address
        with pytest.raises(ForecastError, match=f"{address} has had no worker for 1 s. Start one: dask worker"):
            simulate(scenario, PATHS, seed=3, engine="dask", scheduler=address)


def test_a_worker_with_another_version_is_refused(scenario, scheduler, monkeypatch):
    monkeypatch.setattr(forecast, "__version__", "9.9.9")
    with pytest.raises(ForecastError, match=r"the cluster runs forecast .*, this is 9\.9\.9\. Install one\."):
        simulate(scenario, 10, engine="dask", scheduler=scheduler.scheduler_address)


def test_what_cannot_be_had_is_said(scenario, monkeypatch):
    with pytest.raises(InputError, match='engine "spark": one of local, dask'):
        simulate(scenario, 10, engine="spark")
    with pytest.raises(InputError, match="only the dask engine has one"):
        simulate(scenario, 10, scheduler="tcp://127.0.0.1:1")
    monkeypatch.setattr(cluster, "WAIT_S", 0.5)
    with pytest.raises(InputError, match=r"--scheduler tcp://127\.0\.0\.1:1: no answer"):
        simulate(scenario, 10, engine="dask", scheduler="tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="Dask is not installed"):
        simulate(scenario, 10, engine="dask")


def test_a_block_reduced_alone_is_what_is_merged(scenario, local):
    version, by_path, counts = cluster.reduce_block(Work(scenario, 3, PATHS, (2,), BY_PATH), 2)
    assert version == forecast.__version__
    for part, whole in zip(by_path, local.by_path(), strict=True):
        assert_array_equal(part, whole[..., 10_000:])
    assert all(int(c.reshape(-1, c.shape[-1])[0].sum()) == 50 for c in counts)
    assert np.isfinite(by_path[0]).all()
