"""SageMaker's deployment guardrails: alarms watch a new fleet, and the old one takes over again if one goes off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from everfit.targets.aws import asking

MINUTE = 60
LEAST_TIME = 1800


@dataclass(frozen=True)
class Guardrails:
    """For how many seconds the old fleet stays beside the new one, the share of failed requests that sends it back, and
    the names of alarms of your own that do so too."""

    bake: int = 300
    failing: float = 0.01
    alarms: tuple[str, ...] = ()

    def of(self, endpoint: str, names: tuple[tuple[str, ...], str | None]) -> dict[str, Any]:
        """The `DeploymentConfig` of an update; our route deals the requests, so the fleet is exchanged all at once."""
        ours = [alarm(endpoint, slot) for slot in names[0]]
        return {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
                "TerminationWaitInSeconds": self.bake,
                "MaximumExecutionTimeoutInSeconds": max(LEAST_TIME, 2 * self.bake),
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in (*ours, *self.alarms)]},
        }

    def watch(self, cloudwatch: Any, endpoint: str, names: tuple[tuple[str, ...], str | None]) -> None:
        """Have an alarm for each variant that answers; the same ones again change nothing."""
        for slot in names[0]:
            with asking(f"set the alarm {alarm(endpoint, slot)}"):
                cloudwatch.put_metric_alarm(
                    AlarmName=alarm(endpoint, slot),
                    AlarmDescription=f"More than {self.failing:.1%} of the requests to variant {slot} failed",
                    Namespace="AWS/SageMaker",
                    MetricName="Invocation5XXErrors",
                    Dimensions=[
                        {"Name": "EndpointName", "Value": endpoint},
                        {"Name": "VariantName", "Value": slot},
                    ],
                    Statistic="Average",
                    Period=MINUTE,
                    EvaluationPeriods=1,
                    Threshold=self.failing,
                    ComparisonOperator="GreaterThanThreshold",
                    TreatMissingData="notBreaching",
                )


def alarm(endpoint: str, slot: str) -> str:
    """The name of the alarm on a variant's failed requests."""
    return f"everfit/{endpoint}/{slot}/failed-requests"
