"""A stand-in for IBM's runtime service on loopback, spoken to by the unmodified `qiskit-ibm-runtime` client.

It answers what the client asks of four hosts: IAM (API key → access token), global search and catalogue (which
instances the account has), and the runtime service itself (backends, jobs, sessions, usage). Jobs run on Aer with the
noise of a snapshot of a real device. State is on disk, so that the service can be stopped and started again.

Two ways lead the client here, both without a change to it. `environment("direct")`: a `url` with "experimental"
in it is taken as it stands, host and port, and QISKIT_FUNCTIONS_EXPERIMENTAL leaves out the search for instances.
`environment("proxy")`: the client builds its usual host names from the `url`, and an HTTP proxy (an option of the
account, or HTTP_PROXY) brings every one of them here. IAM has a fixed host, which IAM_URL replaces.

What it can be told to do: hold jobs in the queue, fail or cancel them, lose or falsify results, answer 5xx or 429,
refuse the key, let tokens expire, close the connection before or after it has acted, have its device calibrated anew,
and restart.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from remote_runs import BACKEND
from runtime_device import fake, measured, snapshot
from runtime_http import Fault, Handler, error

KEY = "Zx9-loopback-5f3c-that-must-not-be-seen-anywhere"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef:11111111-2222-3333-4444-555555555555::"
DOMAIN = "runtime.invalid"


@dataclass
class RuntimeService:
    """The service; `start` and `stop` it, or use it as a context manager."""

    folder: Path
    port: int = 0
    hold: bool = False  # jobs stay queued
    slow: set = field(default_factory=set)  # the numbers of jobs that stay queued
    fail: dict[int, str] = field(default_factory=dict)  # n-th job of the service → reason
    falsify: object = None  # a function of a PrimitiveResult and the job's number → what is sent instead
    faults: list[Fault] = field(default_factory=list)
    log: list[tuple[str, str, int]] = field(default_factory=list)
    key_is_valid: bool = True
    change: dict = field(default_factory=dict)  # "conf" or "props" → a function of what the device would say
    metadata: bool = True  # whether results carry their circuits' metadata
    at_most: int | None = None  # pending jobs, as the open plan has it

    def __enter__(self) -> RuntimeService:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        fake()  # Qiskit's reader of QPY (2.6.2) crashes where a thread that has ended imported its modules
        self._lock = threading.RLock()
        self.folder.mkdir(parents=True, exist_ok=True)
        state = self.folder / "state.json"
        self.state = json.loads(state.read_text()) if state.exists() else {"jobs": [], "sessions": [], "generation": 0}
        service = self

        class Own(Handler):
            owner = service

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Own)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, way: str = "direct") -> dict[str, str]:
        """The variables with which the client comes here, by the way of that name."""
        here = f"http://127.0.0.1:{self.port}"
        # Without the opt-out the client looks through all frames at every request: 50 ms in a test's deep stack.
        account = {"QISKIT_IBM_TOKEN": KEY, "QISKIT_IBM_INSTANCE": CRN, "USAGE_DATA_OPT_OUT": "True"}
        if way == "direct":
            switch = {"QISKIT_FUNCTIONS_EXPERIMENTAL": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
            return {**account, **switch, "QISKIT_IBM_URL": f"{here}/experimental", "IAM_URL": f"{here}/iam"}
        proxy = {"HTTP_PROXY": here, "http_proxy": here, "NO_PROXY": "", "no_proxy": ""}
        return {**account, **proxy, "QISKIT_IBM_URL": f"http://{DOMAIN}", "IAM_URL": f"http://iam.{DOMAIN}"}

    @property
    def jobs(self) -> list[dict]:
        with self._lock:
            return [dict(job) for job in self.state["jobs"]]

    def accepted(self) -> list[str]:
        """The tags' last word of every job that was ever accepted, in order: the jobs' tags."""
        return [job["tags"][-1] for job in self.jobs]

    def requests(self, method: str, path: str) -> int:
        return sum(m == method and re.search(path, p) is not None for m, p, _ in self.log)

    def forget_jobs(self) -> None:
        with self._lock:
            self.state["jobs"] = []
            self.save()

    def cancel(self, job_id: str, reason: str = "") -> None:
        with self._lock:
            job = self._job(job_id)
            job["status"], job["reason"] = "Cancelled", reason
            self.save()

    def expire_tokens(self) -> None:
        """Every access token given so far is refused from now on."""
        with self._lock:
            self.state["generation"] += 1

    def save(self) -> None:
        (self.folder / "state.json").write_text(json.dumps(self.state))

    # What the hosts answer: (status, JSON or text).

    def answer(self, method: str, host: str, path: str, query: dict, body: bytes, headers: dict) -> tuple[int, object]:
        if host.startswith("iam.") or path.startswith("/iam/"):
            return self._token(body)
        if headers.get("authorization") != f"Bearer {self._access_token()}":
            return 401, error(1217, f"Unauthorized: {headers.get('authorization')} is not valid")
        if "global-search" in host:
            item = {"crn": CRN, "service_plan_unique_id": "plan", "name": "instance", "tags": []}
            return 200, {"items": [{**item, "doc": {"extensions": {"backends": [BACKEND]}}}]}
        if host.startswith("globalcatalog."):
            return 200, {"overview_ui": {"en": {"display_name": "Open"}}, "metadata": {"pricing": {"type": "free"}}}
        return self._runtime(method, path.removeprefix("/api/v1").removeprefix("/experimental"), query, body)

    def _token(self, body: bytes) -> tuple[int, object]:
        if not self.key_is_valid or parse_qs(body.decode()).get("apikey") != [KEY]:
            return 400, {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
        now = int(time.time())
        return 200, {"access_token": self._access_token(), "expires_in": 3600, "expiration": now + 3600}

    def _access_token(self) -> str:
        claims = {"iat": 0, "exp": 2**33, "generation": self.state["generation"]}
        return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({}, claims, {}))

    def _runtime(self, method: str, path: str, query: dict, body: bytes) -> tuple[int, object]:
        if path == "/backends":
            status = {"name": "online"}
            return 200, {"devices": [{"name": BACKEND, "qubits": 5, "status": status, "queue_length": 0}]}
        if path == f"/backends/{BACKEND}/configuration":
            return 200, {**self._snapshot("conf"), "backend_name": BACKEND, "simulator": False}
        if path == f"/backends/{BACKEND}/properties":
            return 200, {**self._snapshot("props"), "backend_name": BACKEND}
        if path == f"/backends/{BACKEND}/status":
            return 200, {"backend_version": "1", "state": True, "status": "active", "length_queue": 0}
        if path == "/instances/usage":
            return 200, {"usage_limit_seconds": 600, "usage_consumed_seconds": 0, "usage_limit_reached": False}
        if path == "/jobs":
            return self._create(json.loads(body)) if method == "POST" else self._list(query)
        if path.startswith("/sessions"):
            return self._session(method, path, body)
        found = re.fullmatch(r"/jobs/([^/]+)(/[a-z]+)?", path)
        with self._lock:
            job = self._job(found[1]) if found else None
            if job is None:
                return 404, error(1291, f"not found: {path}")
            return self._of_job(method, job, found[2] or "", query)

    def _create(self, payload: dict) -> tuple[int, object]:
        with self._lock:
            pending = sum(job["status"] == "Queued" for job in self.state["jobs"])
            if self.at_most is not None and pending >= self.at_most:
                return 400, error(1238, "The instance has reached its limit of pending jobs")
            number = len(self.state["jobs"])
            job = {
                "id": f"job{number:03d}",
                "number": number,
                "backend": payload["backend"],
                "program": {"id": payload["program_id"]},
                "created": f"2026-01-01T00:00:{number % 60:02d}.000Z",
                "tags": payload.get("tags", []),
                "session_id": payload.get("session_id"),
                "cost": payload.get("cost"),
                "status": "Queued",
                "reason": "",
            }
            (self.folder / f"{job['id']}.params").write_text(json.dumps(payload["params"]))
            self.state["jobs"].append(job)
            self.save()
            return 200, {"id": job["id"], "backend": job["backend"], "messages": []}

    def _list(self, query: dict) -> tuple[int, object]:
        wanted = set(query.get("tags", []))
        with self._lock:
            jobs = [self._shown(job) for job in self.state["jobs"] if wanted <= set(job["tags"])]
        jobs.reverse()
        limit, offset = int(query.get("limit", ["20"])[0]), int(query.get("offset", ["0"])[0])
        return 200, {"jobs": jobs[offset : offset + limit], "count": len(jobs), "limit": limit, "offset": offset}

    def _session(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        with self._lock:
            if method == "POST":
                session = {"id": f"session{len(self.state['sessions'])}", "accepting_jobs": True, **json.loads(body)}
                self.state["sessions"].append(session)
            else:
                session = next(s for s in self.state["sessions"] if f"/sessions/{s['id']}" in path)
                if method == "PATCH":
                    session.update(json.loads(body))
            self.save()
            return 200, {**session, "backend_name": BACKEND, "state": "open"}

    def _of_job(self, method: str, job: dict, what: str, query: dict) -> tuple[int, object]:
        if what == "/cancel":
            job["status"] = "Cancelled"
            self.save()
            return 204, ""
        self._work(job)
        if what == "/results":
            if job["status"] == "Failed":
                return 200, job["reason"]
            return (200, self._results(job)) if job["status"] == "Completed" else (204, "")
        if what == "/metrics":
            return 200, {"usage": {"status": "final", "qpu_charge_time_seconds": 2}}
        shown = self._shown(job)
        if query.get("exclude_params") != ["true"]:
            shown["params"] = json.loads((self.folder / f"{job['id']}.params").read_text())
        return 200, shown

    def _work(self, job: dict) -> None:
        """Takes a queued job off the queue, unless the queue is held."""
        if job["status"] != "Queued" or self.hold or job["number"] in self.slow:
            return
        if job["number"] in self.fail:
            job["status"], job["reason"] = "Failed", self.fail[job["number"]]
        else:
            (self.folder / f"{job['id']}.results").write_text(self._run(job))
            job["status"] = "Completed"
        self.save()

    def _run(self, job: dict) -> str:
        from qiskit.primitives import PrimitiveResult, SamplerPubResult
        from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

        params = json.loads((self.folder / f"{job['id']}.params").read_text(), cls=RuntimeDecoder)
        assert job["program"]["id"] == "sampler", job["program"]
        results = []
        for circuit, values, shots in params["pubs"]:
            results.append(SamplerPubResult(measured(circuit, values, shots), {"circuit_metadata": circuit.metadata}))
        return json.dumps(PrimitiveResult(results), cls=RuntimeEncoder)

    def _results(self, job: dict) -> str:
        from qiskit.primitives import PrimitiveResult, SamplerPubResult
        from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

        text = (self.folder / f"{job['id']}.results").read_text()
        if self.falsify is None and self.metadata:
            return text
        result = json.loads(text, cls=RuntimeDecoder)
        if not self.metadata:
            result = PrimitiveResult([SamplerPubResult(pub.data) for pub in result])
        if self.falsify is not None:
            result = self.falsify(result, job["number"])
        return json.dumps(result, cls=RuntimeEncoder)

    def _shown(self, job: dict) -> dict:
        state = {"status": job["status"]}
        if job["reason"]:
            state["reason"] = job["reason"]
        return {**job, "state": state, "estimated_running_time_seconds": 2.5}

    def _job(self, job_id: str) -> dict | None:
        return next((job for job in self.state["jobs"] if job["id"] == job_id), None)

    def _snapshot(self, kind: str) -> dict:
        return self.change.get(kind, lambda said: said)(snapshot(kind))
