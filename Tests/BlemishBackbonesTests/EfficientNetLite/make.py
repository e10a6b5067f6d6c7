# Records what the package efficientnet-lite-pytorch 0.1.0 gives on generated weights (Tests/GoldenCases), for
# EfficientNetLiteTests. pip install torch numpy safetensors efficientnet-lite-pytorch; python make.py
import numpy, torch
from pathlib import Path
from efficientnet_lite_pytorch import EfficientNet
from safetensors.numpy import save_file

here = Path(__file__).parent


def mixed(x):
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def uniform(name, shape):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    count = int(numpy.prod(shape))
    steps = numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    bits = mixed(numpy.uint64(seed) + steps) >> numpy.uint64(40)
    return (bits.astype(numpy.float32) * numpy.float32(2**-23) - 1).reshape(shape)


def weight(prefix, key, shape):
    values = uniform(f"{prefix}/{key}", shape)
    last = key.split(".")[-1]
    if last == "running_var":
        return 1 + 0.5 * numpy.abs(values)
    if last == "weight" and len(shape) > 1:
        return numpy.float32((3 / numpy.prod(shape[1:])) ** 0.5) * values
    # Larger than usual, so that the rectifier's ceiling is reached.
    return numpy.float32(1.7) * ((1 if last == "weight" else 0) + numpy.float32(0.1) * values)


numpy.seterr(over="ignore")
for number, last, size in [(0, 10, (96, 128)), (2, 14, (64, 65))]:
    name = f"efficientnet_lite{number}"
    network = EfficientNet.from_name(f"efficientnet-lite{number}").eval()
    # The package fixes the padding to one size; TensorFlow computes it from the picture's.
    from efficientnet_lite_pytorch.utils import Conv2dDynamicSamePadding, Conv2dStaticSamePadding

    for module in network.modules():
        if isinstance(module, Conv2dStaticSamePadding):
            module.__class__ = Conv2dDynamicSamePadding
    state = network.state_dict()
    for key, value in state.items():
        if not key.endswith("num_batches_tracked"):
            value.copy_(torch.from_numpy(numpy.array(weight(name, key, tuple(value.shape)))))
    picture = torch.from_numpy(uniform(f"{name}/picture", (1, 3, *size)))
    # What the network takes, of a picture normalised by ImageNet's mean and deviation.
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x = ((picture.double() * deviation + mean) * 255 - 127) / 128
    maps = []
    network = network.double()
    clipped = []
    network._swish.register_forward_hook(lambda _, i, o: clipped.append(float((i[0] > 6).double().mean())))
    for block in network._blocks:
        block._swish.register_forward_hook(lambda _, i, o: clipped.append(float((i[0] > 6).double().mean())))
    with torch.no_grad():
        x = network._swish(network._bn0(network._conv_stem(x)))
        for index, block in enumerate(network._blocks):
            x = block(x)
            if index in {0: (2, 4, 10), 2: (3, 6, 14)}[number]:
                maps.append(x.float().numpy())
    save_file({f"map{i + 1}": m for i, m in enumerate(maps)}, here / f"{name}.safetensors")
    print(name, [m.shape for m in maps], [float(numpy.abs(m).max()) for m in maps],
          f"{100 * sum(clipped) / len(clipped):.1f}% at the ceiling")
