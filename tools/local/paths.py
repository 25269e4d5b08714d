"""Where one instance of the local stack keeps its state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STATE = PROJECT / ".everfit"


@dataclass(frozen=True)
class Paths:
    """One instance's folder and all that is in it; deleting the folder forgets the instance.

    >>> Paths.of("up").state == STATE / "up"
    True
    >>> Paths.of("/tmp/here").database
    PosixPath('/tmp/here/airflow/airflow.db')
    """

    state: Path
    project: Path = PROJECT

    @classmethod
    def of(cls, instance: str | Path) -> Paths:
        """The instance of that name under `.everfit/`, or in that folder if it is a path."""
        named = isinstance(instance, str) and "/" not in instance
        return cls(STATE / instance if named else Path(instance).resolve())

    @property
    def name(self) -> str:
        """What `--instance` takes."""
        return self.state.name if self.state.parent == STATE else str(self.state)

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME: configuration, database, logs of tasks."""
        return self.state / "airflow"

    @property
    def database(self) -> Path:
        """Airflow's SQLite file."""
        return self.airflow_home / "airflow.db"

    @property
    def passwords(self) -> Path:
        """Where the simple auth manager looks up passwords."""
        return self.airflow_home / "simple_auth_manager_passwords.json.generated"

    @property
    def store(self) -> Path:
        """The ledger, staged batches, reports and the DVC remote."""
        return self.state / "store"

    @property
    def pointers(self) -> Path:
        """The bare git repository with a pointer to every accepted batch; made at the first commit."""
        return self.state / "pointers.git"

    @property
    def landing(self) -> Path:
        """Where batches arrive."""
        return self.state / "landing"

    @property
    def work(self) -> Path:
        """Scratch space of tasks; caches that can be deleted."""
        return self.state / "work"

    @property
    def mlflow(self) -> Path:
        """MLflow's database and artifacts."""
        return self.state / "mlflow"

    @property
    def mlflow_database(self) -> Path:
        """MLflow's SQLite file."""
        return self.mlflow / "mlflow.db"

    @property
    def logs(self) -> Path:
        """One log per service."""
        return self.state / "logs"

    def make(self) -> None:
        """Make every folder that is not there yet."""
        for folder in (self.airflow_home, self.store, self.landing, self.work, self.mlflow / "artifacts", self.logs):
            folder.mkdir(parents=True, exist_ok=True)
