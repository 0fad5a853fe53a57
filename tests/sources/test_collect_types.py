"""Types are known to msgspec before threads decode them: looking at a type in two threads at once is a crash."""

import subprocess
import sys

import pytest

SCRIPT = """\
import sys
from exposurectl.sources.collect import prepare_types
from exposurectl.sources.findings import decode_record
from exposurectl.sources.rows import Covered
import msgspec

PREPARE
looked_at = []
sys.setprofile(lambda frame, *_: looked_at.append(frame) if "annotations" in frame.f_code.co_name else None)
decode_record({
    "awsAccountId": "1", "findingArn": "a", "type": "NETWORK_REACHABILITY", "status": "ACTIVE",
    "resources": [{"id": "i-0", "type": "AWS_EC2_INSTANCE", "region": "r"}],
})
msgspec.convert({"resourceType": "", "resourceId": "", "accountId": "", "scanType": ""}, Covered)
sys.setprofile(None)
print(len(looked_at) > 0)
"""


@pytest.mark.parametrize(("prepare", "looks"), [("prepare_types()", "False\n"), ("", "True\n")])
def test_no_type_is_looked_at_while_findings_are_decoded(prepare: str, looks: str) -> None:
    script = SCRIPT.replace("PREPARE", prepare)

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == looks
