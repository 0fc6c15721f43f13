"""Makes a job older: moves every time in its rows back, as if everything had happened earlier."""

import datetime

# Attributes of job and part rows that hold milliseconds since the epoch, and index places that begin with a time.
TIMES = ("ca", "at", "co", "sa", "ea", "rs")
PLACES = ("os", "ss")


def age(deployment, job_id, parts=1, **span):
    """Makes a job with this many parts older by `span`, as `datetime.timedelta` takes it."""
    back = datetime.timedelta(**span)
    dynamodb = deployment.emulator.client("dynamodb")
    for partition in [f"JOB#{job_id}", *(f"JOB#{job_id}#{part}" for part in range(parts))]:
        for row in deployment.rows(partition):
            if row["sk"]["S"] in ("JOB", "PART"):
                dynamodb.put_item(TableName=deployment.table, Item=older(row, back))


def older(row, back):
    milliseconds = back // datetime.timedelta(milliseconds=1)
    changed = {name: {"N": str(int(row[name]["N"]) - milliseconds)} for name in TIMES if name in row}
    for name in set(PLACES) & set(row):
        at, _, job = row[name]["S"].partition("#")
        then = datetime.datetime.fromisoformat(at) - back
        changed[name] = {"S": f"{then.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}#{job}"}
    return {**row, **changed}
