"""One operator per step of the library; each works in a person's own DAG too."""

from everfit_airflow.operators.announce_batches import AnnounceBatchesOperator
from everfit_airflow.operators.approve_promotion import ApprovePromotionOperator
from everfit_airflow.operators.build_features import BuildFeaturesOperator
from everfit_airflow.operators.check_champion import CheckChampionOperator
from everfit_airflow.operators.check_served import CheckServedOperator
from everfit_airflow.operators.choose_parameters import ChooseParametersOperator
from everfit_airflow.operators.commit_batch import CommitBatchOperator
from everfit_airflow.operators.deploy_model import DeployModelOperator
from everfit_airflow.operators.evaluate_model import EvaluateModelOperator
from everfit_airflow.operators.find_batches import FindBatchesOperator
from everfit_airflow.operators.find_unscored import FindUnscoredOperator
from everfit_airflow.operators.free_space import FreeSpaceOperator
from everfit_airflow.operators.judge_candidate import JudgeCandidateOperator
from everfit_airflow.operators.monitor_model import MonitorModelOperator
from everfit_airflow.operators.override_gates import OverrideGatesOperator
from everfit_airflow.operators.publish_pointers import PublishPointersOperator
from everfit_airflow.operators.recall_batch import RecallBatchOperator
from everfit_airflow.operators.register_model import RegisterModelOperator
from everfit_airflow.operators.rehearse_rollback import RehearseRollbackOperator
from everfit_airflow.operators.resolve_snapshot import ResolveSnapshotOperator
from everfit_airflow.operators.roll_back import RollBackOperator
from everfit_airflow.operators.score_batch import ScoreBatchOperator
from everfit_airflow.operators.search_parameters import SearchParametersOperator
from everfit_airflow.operators.tell_late import TellLateOperator
from everfit_airflow.operators.train_model import TrainModelOperator
from everfit_airflow.operators.validate_batch import ValidateBatchOperator
from everfit_airflow.operators.wait_for_turn import WaitForTurnOperator

__all__ = [
    "AnnounceBatchesOperator",
    "ApprovePromotionOperator",
    "BuildFeaturesOperator",
    "CheckChampionOperator",
    "CheckServedOperator",
    "ChooseParametersOperator",
    "CommitBatchOperator",
    "DeployModelOperator",
    "EvaluateModelOperator",
    "FindBatchesOperator",
    "FindUnscoredOperator",
    "FreeSpaceOperator",
    "JudgeCandidateOperator",
    "MonitorModelOperator",
    "OverrideGatesOperator",
    "PublishPointersOperator",
    "RecallBatchOperator",
    "RegisterModelOperator",
    "RehearseRollbackOperator",
    "ResolveSnapshotOperator",
    "RollBackOperator",
    "ScoreBatchOperator",
    "SearchParametersOperator",
    "TellLateOperator",
    "TrainModelOperator",
    "ValidateBatchOperator",
    "WaitForTurnOperator",
]
