"""Measures how a function's binary starts: against a Runtime API of its own, on this machine, with no network.

    python3 tools/measure_start.py BINARY EVENT.json POINTSMAN.toml [STARTS]

Prints medians of STARTS (20) starts: from starting the process to its first request for work, from there to its first
answer, the processor time until then, and the largest resident memory. The process alone is measured: no sandbox, no
loading of a package, all of one core. Ratios carry over to Lambda better than milliseconds do.
"""

import http.server
import json
import os
import statistics
import subprocess
import sys
import threading
import time


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    event = b""
    moments = {}
    answered = threading.Event()

    def do_GET(self):
        if "next" in self.moments:
            self.answered.set()
            time.sleep(60)
            return
        self.moments["next"] = time.perf_counter()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 300_000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
        self.send_header("Content-Length", str(len(self.event)))
        self.end_headers()
        self.wfile.write(self.event)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0)) if self.headers["Content-Length"] else None
        self.moments["answer"] = time.perf_counter()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.answered.set()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """The binary is killed while it waits for more work: its connection breaks, as it should."""


def start_once(binary, rules):
    RuntimeApi.moments = {}
    RuntimeApi.answered = threading.Event()
    server = Server(("127.0.0.1", 0), RuntimeApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "POINTSMAN_CONFIG": rules,
    }
    began = time.perf_counter()
    child = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not RuntimeApi.answered.wait(30):
        sys.exit(f"{binary} did not answer within 30 s")
    fields = open(f"/proc/{child.pid}/stat").read().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    status = open(f"/proc/{child.pid}/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0])
    child.kill()
    child.wait()
    server.shutdown()
    moments = RuntimeApi.moments
    return {
        "to next, ms": (moments["next"] - began) * 1000,
        "to answer, ms": (moments["answer"] - moments["next"]) * 1000,
        "cpu, ms": ticks * 1000 / os.sysconf("SC_CLK_TCK"),
        "peak, MB": peak / 1024,
    }


def main():
    binary, event, rules, *starts = sys.argv[1:]
    RuntimeApi.event = json.dumps(json.load(open(event))).encode()
    runs = [start_once(os.path.abspath(binary), os.path.abspath(rules)) for _ in range(int(starts[0]) if starts else 20)]
    print(f"{os.path.getsize(binary):>12,} bytes  " + "  ".join(
        f"{name} {statistics.median(run[name] for run in runs):.2f}" for name in runs[0]))


if __name__ == "__main__":
    main()
