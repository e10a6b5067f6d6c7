"""Asks a station through tritonclient as anybody would: URL, MODEL and two pictures come as arguments."""
import io
import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

url, model, clean, damaged = sys.argv[1:]
client = triton.InferenceServerClient(url)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(model)
assert client.get_server_metadata()["name"] == "blemish"
metadata = client.get_model_metadata(model)
version = metadata["versions"][0]
assert client.is_model_ready(model, version)

pictures = np.array([open(clean, "rb").read(), open(damaged, "rb").read()], dtype=object)
image = triton.InferInput("image", [2], "BYTES")
image.set_data_from_numpy(pictures)

# What tritonclient does by itself: binary in, binary out.
result = client.infer(model, [image], request_id="both")
assert result.get_response()["id"] == "both"
assert list(result.as_numpy("verdict")) == [b"good", b"anomalous"], result.as_numpy("verdict")
log_nfa = result.as_numpy("log_nfa")
assert log_nfa.dtype == np.float64 and log_nfa[0] > log_nfa[1]
assert len(json.loads(result.as_numpy("regions")[1])) >= 1
assert (result.as_numpy("inspection") > 0).all()

# Chosen outputs, in binary and in JSON, of a version.
for binary in (True, False):
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("anomaly_map", "mask", "verdict")]
    chosen = client.infer(model, [image], outputs=outputs, model_version=version)
    heat, mask = chosen.as_numpy("anomaly_map"), chosen.as_numpy("mask")
    assert heat.dtype == np.float32 and heat.shape[0] == 2 and heat.ndim == 3
    assert mask.dtype == np.uint8 and mask[1].any()
    assert chosen.as_numpy("score") is None

# Pixels, in binary and in JSON.
from PIL import Image

pixels = np.asarray(Image.open(io.BytesIO(pictures[1])).convert("RGB"))[None]
scores = []
for binary in (True, False):
    tensor = triton.InferInput("pixels", list(pixels.shape), "UINT8")
    tensor.set_data_from_numpy(pixels, binary_data=binary)
    found = client.infer(model, [tensor], parameters={"false_alarms": 1e-300})
    assert found.as_numpy("verdict")[0] != b"anomalous"
    scores.append(found.as_numpy("score")[0])
assert scores[0] == scores[1] == result.as_numpy("score")[1]

# Several at a time.
requests = [client.async_infer(model, [image]) for _ in range(4)]
assert all(list(request.get_result().as_numpy("verdict")) == [b"good", b"anomalous"] for request in requests)

for wrong, words in (
    (lambda: client.infer("none", [image]), "no model"),
    (lambda: client.infer(model, [image], model_version="9"), "not in service"),
    (lambda: client.infer(model, [image], outputs=[triton.InferRequestedOutput("x")]), "no output"),
):
    try:
        wrong()
        raise SystemExit(f"no error: {words}")
    except InferenceServerException as error:
        assert words in str(error), error
print("ok")
