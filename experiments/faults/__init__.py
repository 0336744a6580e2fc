"""A catalogue of the mistakes that people make in a from-scratch CNN.

Each fault is a layer class that differs from the right one in exactly what it gets wrong. Planting
it turns a layer of a model into that class; the comparison is tested by them, and names them when
a layer computes as one of them does.
"""

from experiments.faults import convolution, dense, normalization, pooling
from experiments.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    Fault(
        "padding-shifted",
        "`same` padding put its extra pixel at the top and left",
        convolution.PaddingShifted,
        ("output", "grad_input", "grad:kernel"),
        ("signs_convnet", "conv1"),
    ),
    Fault(
        "stride-ignored-in-backward",
        "the backward windows moved by one pixel instead of the stride",
        convolution.StrideIgnoredInBackward,
        ("grad_input", "grad:kernel"),
        ("ng_example", "conv2"),
    ),
    Fault(
        "bias-per-product",
        "the bias was added once for each product of the window",
        convolution.BiasPerProduct,
        ("output",),
        ("signs_convnet", "conv2"),
    ),
    Fault(
        "kernel-turned",
        "the kernel was turned by 180 degrees",
        convolution.KernelTurned,
        ("output",),
        ("vgg_mini", "conv1_1"),
    ),
    Fault(
        "kernel-transposed",
        "height and width of the kernel were exchanged",
        convolution.KernelTransposed,
        ("output",),
        ("vgg_mini", "conv1_1"),
    ),
    Fault(
        "input-gradient-kernel-not-turned",
        "the input gradient used the kernel without turning it",
        convolution.InputGradientKernelNotTurned,
        ("grad_input",),
        ("vgg_mini", "conv1_2"),
    ),
    Fault(
        "first-patch-gradient",
        "the kernel gradient came from the first patch only",
        convolution.FirstPatchGradient,
        ("grad:kernel",),
        ("signs_convnet", "conv2"),
    ),
    Fault(
        "bias-gradient-averaged",
        "the bias gradient was averaged over positions instead of summed",
        convolution.BiasGradientAveraged,
        ("grad:bias",),
        ("signs_convnet", "conv2"),
    ),
    Fault(
        "relu-derivative-forgotten",
        "the activation's derivative was left out",
        convolution.ReluDerivativeForgotten,
        ("grad_input", "grad:kernel", "grad:bias"),
        ("specimen", "conv"),
    ),
    Fault(
        "all-ties-get-the-gradient",
        "every tied maximum got the gradient",
        pooling.AllTiesGetGradient,
        ("grad_input",),
        ("signs_convnet", "pool1"),
    ),
    Fault(
        "overlapping-max-windows-overwrite",
        "overlapping pooling windows overwrote each other's gradient",
        pooling.MaxPoolOverwrites,
        ("grad_input",),
        ("specimen", "max_pool"),
    ),
    Fault(
        "overlapping-average-windows-overwrite",
        "overlapping pooling windows overwrote each other's gradient",
        pooling.AveragePoolOverwrites,
        ("grad_input",),
        ("specimen", "average_pool"),
    ),
    Fault(
        "average-counts-padding",
        "the average counted the padding",
        pooling.AverageCountsPadding,
        ("output", "grad_input"),
        ("specimen", "average_pool"),
    ),
    Fault(
        "global-average-unscaled",
        "the gradient of the mean was not divided by the number of pixels",
        pooling.GlobalAverageUnscaled,
        ("grad_input",),
        ("signs_deep", "average"),
    ),
    Fault(
        "batch-mean-missing",
        "the input gradient ignored that the batch mean depends on the input",
        normalization.BatchMeanMissing,
        ("grad_input",),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "statistics-as-constants",
        "the input gradient took the batch statistics for constants",
        normalization.StatisticsAsConstants,
        ("grad_input",),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "other-epsilon",
        "epsilon was 1e-5, another framework's",
        normalization.OtherEpsilon,
        ("output", "grad_input", "grad:gamma"),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "unbiased-variance",
        "the batch variance was divided by n - 1",
        normalization.UnbiasedVariance,
        ("output", "grad_input", "grad:gamma"),
        ("signs_deep", "norm4"),
    ),
    Fault(
        "flatten-channels-first",
        "the image was flattened channels first",
        dense.FlattenChannelsFirst,
        ("output", "grad_input"),
        ("signs_convnet", "flatten"),
    ),
    Fault(
        "dense-rows-channels-first",
        "the kernel's rows were meant for an image flattened channels first",
        dense.DenseRowsChannelsFirst,
        ("output", "grad_input"),
        ("signs_convnet", "classifier"),
    ),
    Fault(
        "softmax-diagonal",
        "the softmax's gradient was taken element by element",
        dense.SoftmaxDiagonal,
        ("grad_input", "grad:kernel", "grad:bias"),
        ("signs_convnet", "classifier"),
    ),
    Fault(
        "kernel-gradient-averaged-twice",
        "the kernel gradient was divided by the batch size a second time",
        dense.KernelGradientAveraged,
        ("grad:kernel",),
        ("signs_convnet", "classifier"),
    ),
    Fault(
        "dropout-not-rescaled",
        "what dropout kept was not divided by 1 - rate",
        dense.NotRescaled,
        ("output", "grad_input"),
        ("specimen", "dropout"),
    ),
    Fault(
        "add-splits-the-gradient",
        "the addition shared the gradient out among its inputs",
        dense.AddSplitsGradient,
        ("grad_input", "grad_input:1"),
        ("resnet_bottleneck", "add"),
    ),
)

__all__ = ["FAULTS", "Fault"]
