"""Number formats of weights: how they are published, what may be asked for, what an accelerator computes in, what they take."""

from __future__ import annotations

from forecast.equations import served_model
from forecast.errors import InputError, suggestion
from forecast.table_files import Row

PRECISION_SPELLINGS = {
    "nvfp4": "fp4", "mxfp4": "fp4", "mx": "fp4", "mxfp8": "fp8", "int8/fp16": "int8", "float16": "fp16", "half": "fp16", "best": "",
    "bfloat16": "bf16", "fp8-kv": "fp8", "unset": "",
}  # fmt: skip
# What may be asked for: MXFP4 is a way in which weights are published, and is served as four bits.
PRECISIONS = tuple(form for form in served_model.BYTES_PER_WEIGHT if form not in PRECISION_SPELLINGS)


def precisions(accelerator: Row) -> list[str]:
    """Return the precisions for which an accelerator has arithmetic, the narrowest first."""
    narrow = (("fp4_dense_tflops", "fp4"), ("fp8_dense_tflops", "fp8"))
    return [*(precision for column, precision in narrow if accelerator[column]), "bf16"]


def named_precision(text: str | None) -> str | None:
    """Return the precision meant by a text, None where it is empty, `unset` or `best`: the best the accelerator supports.

    >>> named_precision("NVFP4"), named_precision(" bfloat16"), named_precision("unset"), named_precision(None)
    ('fp4', 'bf16', None, None)

    Raises:
        InputError: no such precision.
    """
    spelled = (text or "").strip().lower()
    precision = PRECISION_SPELLINGS.get(spelled, spelled) or None
    if precision and precision not in PRECISIONS:
        raise InputError(
            f'precision "{precision}": one of {", ".join(PRECISIONS)}.{suggestion(precision, PRECISIONS)} '
            "Correct it, or leave it out for the best the accelerator supports."
        )
    return precision


def native_precision(served: Row) -> str:
    """Return the precision in which a model's weights are published; of a mixture those of its experts."""
    return _published(str(served["native_weights"]))


def weights_gb(served: Row, precision: str) -> dict[str, float]:
    """Return what the weights outside the experts, those of all experts, and all with the embeddings take, as columns of a case.

    Where the experts alone are published narrower, as `native_weights` says ("mxfp4 experts + bf16"), the rest stays as it
    was published whatever the precision: makers keep it wide on purpose, and releases of others leave it so.
    """
    stored = served_model.bytes_per_weight(precision, native_precision(served))
    _, experts_alone, rest = str(served["native_weights"]).partition(" experts + ")
    wide = served_model.BYTES_PER_WEIGHT[_published(rest)] if experts_alone else stored
    expert_gb = stored * served["expert_params_b"]
    return {
        "dense_gb": wide * served["dense_params_b"],
        "expert_gb": expert_gb,
        "weights_gb": wide * (served["total_computed_b"] - served["expert_params_b"]) + expert_gb,
    }


def _published(text: str) -> str:
    return next((form for form in ("fp4", "mxfp4", "int4", "fp8") if text.startswith(form)), "bf16")
