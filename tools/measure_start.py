"""Measures how a function's binary starts: against a Runtime API of its own, on this machine, with no network.

    python3 tools/measure_start.py EVENT.json POINTSMAN.toml BINARY... [--starts N]

Prints for each binary its size and the medians of N (20) starts: from starting the process to its first request for
work, from there to its first answer, the largest resident memory, and how many times longer the first takes than
starting `true`, which is the floor. The process alone is measured: no sandbox, no loading of a package, all of one
core. The last column carries over to other machines better than the milliseconds do.
"""

import argparse
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
        """The script kills the binary while it waits for more work, so the connection breaks."""


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
        "POINTSMAN_STACK_PREFIX": "branch", "POINTSMAN_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:mails",
    }
    began = time.perf_counter()
    child = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not RuntimeApi.answered.wait(30):
        sys.exit(f"{binary} did not answer within 30 s")
    status = open(f"/proc/{child.pid}/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0])
    child.kill()
    child.wait()
    server.shutdown()
    moments = RuntimeApi.moments
    return {
        "to next, ms": (moments["next"] - began) * 1000,
        "to answer, ms": (moments["answer"] - moments["next"]) * 1000,
        "peak, MB": peak / 1024,
    }


def start_of_true():
    began = time.perf_counter()
    subprocess.run(["true"], env={}, check=True)
    return (time.perf_counter() - began) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("event")
    parser.add_argument("rules")
    parser.add_argument("binaries", nargs="+")
    parser.add_argument("--starts", type=int, default=20)
    arguments = parser.parse_args()
    RuntimeApi.event = json.dumps(json.load(open(arguments.event))).encode()
    floor = statistics.median(start_of_true() for _ in range(arguments.starts))
    print(f"{'bytes':>12}  {'to next, ms':>11}  {'to answer, ms':>13}  {'peak, MB':>8}  {'x true':>6}  binary")
    for binary in arguments.binaries:
        runs = [start_once(os.path.abspath(binary), os.path.abspath(arguments.rules)) for _ in range(arguments.starts)]
        to_next, to_answer, peak = (statistics.median(run[name] for run in runs) for name in runs[0])
        size = os.path.getsize(binary)
        print(f"{size:>12,}  {to_next:>11.2f}  {to_answer:>13.2f}  {peak:>8.1f}  {to_next / floor:>6.1f}  {binary}")


if __name__ == "__main__":
    main()
