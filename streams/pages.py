"""The pages of a worker on Faust's web server: /metrics, /healthz, /readyz."""

import json
from typing import Any

from streams.health import BrokerWatch, Watchdog
from streams.metrics import CONTENT_TYPE, Metrics

OK, UNAVAILABLE = 200, 503


def add_pages(app: Any, metrics: Metrics, agents: list[Any], watchdog: Watchdog, broker: BrokerWatch) -> None:
    """Add the pages to `app`.

    `/healthz` (liveness): the loop turns, each group coordinator lives, work is being taken; 503 with the fault
    otherwise. `/readyz` (readiness): the broker answers, partitions are assigned, none is replaying or stopped; 503
    with the reasons.
    """

    async def page_metrics(web: Any, _request: Any) -> Any:
        return web.bytes(metrics.page(), content_type=CONTENT_TYPE.split(";")[0])

    async def page_healthz(web: Any, _request: Any) -> Any:
        fault = watchdog.fault()
        body = {"alive": fault is None, "fault": fault}
        return _json(web, body, OK if fault is None else UNAVAILABLE)

    async def page_readyz(web: Any, _request: Any) -> Any:
        reasons = [] if broker.reachable else ["the broker does not answer"]
        for agent in agents:
            reasons += agent.unready()
        return _json(web, {"ready": not reasons, "reasons": reasons}, UNAVAILABLE if reasons else OK)

    app.page("/metrics", name="metrics")(page_metrics)
    app.page("/healthz", name="healthz")(page_healthz)
    app.page("/readyz", name="readyz")(page_readyz)


def _json(web: Any, body: dict[str, Any], status: int) -> Any:
    return web.text(json.dumps(body), content_type="application/json", status=status)
