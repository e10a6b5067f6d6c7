"""Writes the files beside it, with torch 2.13, numpy 2 and safetensors."""
import argparse
import collections
import os

import numpy
import safetensors.torch
import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(1)
base = torch.randn(4, 6)
state = collections.OrderedDict()
state["transposed"] = base.t()
state["base"] = base
state["slice"] = base[1:3, 2:5]
state["row"] = base[2]
state["parameter"] = torch.nn.Parameter(torch.randn(3))
state["channels_last"] = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
state["expanded"] = torch.randn(3, 1).expand(3, 4)
state["scalar"] = torch.tensor(2.5, dtype=torch.float64)
state["empty"] = torch.empty(0, 7)
state["one"] = torch.randn(5)[None, :, None]
for type in [torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]:
  state[str(type).split(".")[1]] = (torch.randn(3, 2) * 5).abs().to(type)

safetensors.torch.save_file({k: v.detach().clone().contiguous() for k, v in state.items()}, "state.safetensors")
torch.save(state, "state.pt")
torch.save(state, "state_legacy.pt", _use_new_zipfile_serialization=False)
for protocol in [3, 4, 5]:
  torch.save(state, f"state_protocol{protocol}.pt", pickle_protocol=protocol)
torch.save(state, "state_legacy_protocol4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)

checkpoint = {
  "state_dict": {"weight": torch.arange(3.0)},
  "epoch": 7,
  "large": 2**80,
  "negative": -3,
  "long": -(2**40),
  "rate": 1e-3,
  "done": True,
  "none": None,
  "name": "é🧵",
  "bytes": b"\x00\xff",
  "steps": [1, (2, 3), {4}],
  "hyper_parameters": argparse.Namespace(batch=8),
  "score": numpy.float64(0.5),
  "size": torch.Size([2, 3]),
  "type": torch.float32,
  "complex": torch.ones(2, dtype=torch.complex64),
  3: "three",
}
torch.save(checkpoint, "checkpoint.ckpt")
torch.save(checkpoint, "checkpoint_protocol5.ckpt", pickle_protocol=5)
torch.save(torch.nn.Linear(2, 3), "module.pt")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 3)), "script.pt")
