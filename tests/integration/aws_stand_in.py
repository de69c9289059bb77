"""The laptop's AWS with a MediaConvert that encodes nothing: `python aws_stand_in.py PORT RUN_DIR`.

A job is complete at the second GetJob. UserMetadata `title` can change that: "broken" ends with an error, "endless"
never ends, and "refused" is not accepted.
"""

import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask, jsonify, request

sys.path.insert(0, str(Path(__file__).parents[2]))

from local.aws.__main__ import run

JOBS: dict[str, dict[str, Any]] = {}


def media_convert(_endpoint: str, _run_dir: Path) -> dict[str, Any]:
    """CreateJob, GetJob and CancelJob, with the fields that Step Functions reads."""
    app = Flask("stand-in")

    @app.post("/2017-08-29/jobs")
    def create() -> Any:
        wanted = request.get_json()
        if wanted["userMetadata"]["title"] == "refused":
            return jsonify(message="no such role"), 400, {"x-amzn-ErrorType": "BadRequestException"}
        job: dict[str, Any] = {**wanted, "id": str(len(JOBS)), "status": "PROGRESSING", "createdAt": int(time.time())}
        JOBS[job["id"]] = job
        return jsonify(job=job), 201

    @app.get("/2017-08-29/jobs/<name>")
    def get(name: str) -> Any:
        job, shown = JOBS[name], {**JOBS[name]}
        title = job["userMetadata"]["title"]
        if title == "broken":
            job |= {"status": "ERROR", "errorCode": 1010, "errorMessage": "cannot open"}
        elif title != "endless":
            job["status"] = "COMPLETE"
        return jsonify(job=shown)

    @app.delete("/2017-08-29/jobs/<name>")
    def cancel(name: str) -> Any:
        JOBS[name]["status"] = "CANCELED"
        return jsonify({}), 202

    del create, get, cancel  # Flask keeps them
    return {"mediaconvert": app}


if __name__ == "__main__":
    run(int(sys.argv[1]), Path(sys.argv[2]), media_convert)
