"""Small feeds in their real formats, and a loopback server that answers as it is told, faults included."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LITELLM = {
    "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "mode": "one of: chat, embedding"},
    "gpt-5": {
        "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "litellm_provider": "openai", "mode": "chat",
        "max_input_tokens": 272000,
    },
    "fireworks_ai/accounts/fireworks/models/glm-4p6": {
        "input_cost_per_token": 5.5e-07, "output_cost_per_token": 2.19e-06, "litellm_provider": "fireworks_ai", "mode": "chat",
    },
    "together_ai/zai-org/GLM-5": {
        "input_cost_per_token": 1e-06, "output_cost_per_token": 3.2e-06, "litellm_provider": "together_ai", "mode": "chat",
    },
    "text-embedding-3-small": {"input_cost_per_token": 2e-08, "litellm_provider": "openai", "mode": "embedding"},
    "dall-e-3": {"input_cost_per_pixel": 3.81e-08, "litellm_provider": "openai", "mode": "image_generation"},
}  # fmt: skip
MODELS_DEV = {
    "openai": {
        "id": "openai", "name": "OpenAI", "env": ["OPENAI_API_KEY"],
        "models": {
            "gpt-5": {"id": "gpt-5", "cost": {"input": 1.25, "output": 10, "cache_read": 0.125}, "limit": {"context": 400000}},
            "gpt-oss": {"id": "gpt-oss", "name": "no price"},
        },
    },
    "fireworks-ai": {"id": "fireworks-ai", "models": {
        "accounts/fireworks/models/kimi-k2.6": {"id": "x", "cost": {"input": 0.95, "output": 4}}}},
}  # fmt: skip
OPENROUTER = {
    "data": [
        {"id": "openai/gpt-5", "name": "OpenAI: GPT-5", "pricing": {"prompt": "0.00000125", "completion": "0.00001", "request": "0"}},
        {"id": "z-ai/glm-5", "name": "GLM 5", "pricing": {"prompt": "0.0000006", "completion": "0.0000019"}},
        {"id": "some/model:free", "name": "free", "pricing": {"prompt": "0", "completion": "0"}},
        {"id": "openrouter/auto", "name": "Auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    ]
}  # fmt: skip
LLM_PRICES = {
    "updated_at": "2026-11-20",
    "prices": [
        {"id": "gpt-5", "vendor": "openai", "name": "GPT-5", "input": 1.25, "output": 10, "input_cached": 0.125},
        {"id": "claude-opus-4", "vendor": "anthropic", "name": "Opus", "input": 15, "output": 75, "from_date": "2025-05-22", "to_date": None},
    ],
}  # fmt: skip
EIA = {
    "response": {
        "total": "2", "dateFormat": "YYYY-MM", "frequency": "monthly",
        "data": [
            {"period": "2026-08", "stateid": "US", "stateDescription": "U.S. Total", "sectorid": "IND",
             "sectorName": "industrial", "price": "8.71", "price-units": "cents per kilowatt-hour"},
            {"period": "2026-07", "stateid": "US", "stateDescription": "U.S. Total", "sectorid": "IND",
             "sectorName": "industrial", "price": None, "price-units": "cents per kilowatt-hour"},
        ],
    },
    "request": {"command": "/v2/electricity/retail-sales/data/"},
    "apiVersion": "2.1.9",
}  # fmt: skip
RENTS = (
    "date,provider,accelerator,usd_per_accelerator_hour,channel\n"
    "2026-11-20,Lambda,H100,3.99,on-demand\n2026-11-21,newcloud,B200,5.10,\n"
)
DROP = (
    "date,provider,provider_kind,model,input_usd_per_mtok,output_usd_per_mtok\n"
    "2026-11-20,together,host,glm-5,0.9,3.1\n2026-11-21,newhost,host,gpt-oss-120b,0.1,0.5\n"
)
SAMPLES = {
    "litellm": json.dumps(LITELLM).encode(),
    "models-dev": json.dumps(MODELS_DEV).encode(),
    "openrouter": json.dumps(OPENROUTER).encode(),
    "llm-prices": json.dumps(LLM_PRICES).encode(),
    "eia": json.dumps(EIA).encode(),
    "gpu-rents": RENTS.encode(),
    "drop": DROP.encode(),
}


class Feeds(ThreadingHTTPServer):
    """A server on the loopback: `answers[path]` is a list of answers, the last of which is repeated."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = {}, []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def serve(self, path, *answers):
        """Answer a path so: each answer is (status, headers, body) or a body; return its URL."""
        self.answers[path] = [one if isinstance(one, tuple) else (200, {}, one) for one in answers]
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(BaseHTTPRequestHandler):
    """Answers one request; `truncate` and `pause_s` among the headers are faults, not headers."""

    def do_GET(self):
        path = self.path.lstrip("/").partition("?")[0]
        self.server.requests.append((path, dict(self.headers)))
        queue = self.server.answers.get(path, [(404, {}, b"")])
        status, headers, body = queue.pop(0) if len(queue) > 1 else queue[0]
        if "ETag" in headers and self.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            if name not in ("truncate", "pause_s"):
                self.send_header(name, value)
        if "Content-Type" not in headers:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) + headers.get("truncate", 0)))
        self.end_headers()
        try:
            if pause := headers.get("pause_s"):
                time.sleep(pause)
            self.wfile.write(body)
        except OSError:
            pass  # the client had enough

    def log_message(self, *_):
        pass
