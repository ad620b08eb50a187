"""Generate text from messages, streamed: llama.cpp in this process, transformers, or a server.

All decode greedily. Closing the iterator stops the model at its next token.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from ragqa.errors import ModelDamagedError, ModelError, ModelMissingError
from ragqa.models import prompt_state
from ragqa.models.chat_server import OpenAICompatible, delta
from ragqa.models.prompt_state import Beginning
from ragqa.models.protocols import Generator, Message
from ragqa.models.streaming import pieces_of


def load(
    location: str,
    *,
    id: str,
    key: str = "",
    model: str = "default",
    threads: int = 0,
    context: int = 4096,
    beginning: Beginning | None = None,
) -> Generator:
    """The generator that a location asks for: http(s)://…/v1, a .gguf file, else a transformers model."""
    if location.startswith(("http://", "https://")):
        return OpenAICompatible(location.rstrip("/"), key=key, model=model)
    if location.endswith(".gguf"):
        return LlamaCpp.load(Path(location), id=id, threads=threads, context=context, beginning=beginning)
    return TransformersChat.load(location, id=id)


class Timed:
    """A generator with a deadline; a piece after it raises ModelError."""

    def __init__(self, generator: Generator, seconds: float) -> None:
        self.id = generator.id
        self._generator = generator
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def stream(self, messages: Sequence[Message], **options: Any) -> Iterator[str]:
        """Yield the reply piece by piece. Raises ModelError when it takes too long."""
        with closing(self._generator.stream(messages, **options)) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                if time.monotonic() > self._until:
                    raise ModelError(f"it took longer than {self._seconds:g} seconds")
                yield piece


class LlamaCpp:
    """A GGUF file read by llama.cpp in this process.

    The binding always opens an HTTP server. It listens on a UNIX socket in a private folder that is
    removed once it is loaded, with a random key: nobody can reach it.
    """

    def __init__(self, server: Any, *, id: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self.id = id

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        id: str,
        threads: int = 0,
        context: int = 4096,
        beginning: Beginning | None = None,
    ) -> LlamaCpp:
        """Load the weights (memory-mapped), and how prompts begin: from its folder, else it is read and kept there.

        Raises ModelMissingError or ModelDamagedError.
        """
        if not path.is_file():
            raise ModelMissingError(f"the model file {path} does not exist; run: ragqa models pull")
        try:
            import xllamacpp
        except ImportError as error:
            raise ModelError(
                f"llama.cpp's binding cannot be loaded ({error}); run: pip install xllamacpp"
            ) from error
        server = prompt_state.Server(Path(tempfile.mkdtemp(prefix="ragqa-")), secrets.token_hex(32))
        try:
            found = cls(xllamacpp.Server(_parameters(path, server, threads, context)), id=id)
            if beginning:
                found._read(
                    beginning, server, prompt_state.name_of(beginning.messages, path, xllamacpp.__version__)
                )
            return found
        except RuntimeError as error:
            raise ModelDamagedError(
                f"llama.cpp cannot read {path} ({error}); run: ragqa models pull, or give another .gguf file"
            ) from error
        finally:
            shutil.rmtree(server.folder, ignore_errors=True)

    def _read(self, beginning: Beginning, server: prompt_state.Server, name: str) -> None:
        """Have it read how prompts begin; a prompt that fails says why when it is asked for."""
        if not server.restore(beginning.folder, name):
            with suppress(ModelError):
                list(self.stream(beginning.messages, max_tokens=1))
                server.save(beginning.folder, name)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        grammar: str | None = None,
        max_tokens: int = 256,
    ) -> Iterator[str]:
        """Yield the reply piece by piece; one request at a time."""
        request: dict[str, Any] = {
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
            "temperature": 0.0,
            "max_tokens": max_tokens,
            "cache_prompt": True,
        }
        if grammar is not None:
            request["grammar"] = grammar

        def run(emit: Callable[[str], bool]) -> None:
            def on_event(event: Any) -> bool:
                return emit(delta(json.loads(event) if isinstance(event, str | bytes) else event))

            with self._lock:
                reply = self._server.handle_chat_completions(request, on_event)
            if isinstance(reply, dict) and reply.get("error"):
                raise ModelError(
                    f"the language model refused: {reply['error'].get('message', reply['error'])}"
                )

        return pieces_of(run)


def _parameters(path: Path, server: prompt_state.Server, threads: int, context: int) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.hostnames = [str(server.socket)]
    parameters.api_keys = [server.key]
    parameters.slot_save_path = f"{server.folder}/"
    parameters.cors_origins = "http://127.0.0.1"
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.warmup = False
    # It would read the file twice, .8 s, to fit to the memory what is set here.
    parameters.fit_params = False
    parameters.verbosity = 0
    parameters.n_ctx = context
    parameters.n_parallel = 1
    # Beginnings of prompts that it keeps: without any a question takes twice as long; its own limit is 8 GB.
    parameters.cache_ram_mib = 512
    # Weights repacked for the processor are a copy of 600 MB and read no faster (docs/translation.md).
    parameters.no_extra_bufts = True
    parameters.cpuparams.n_threads = threads or (os.cpu_count() or 1)
    return parameters


class TransformersChat:
    """A chat model loaded with transformers, on the GPU when there is one."""

    def __init__(self, model: Any, tokenizer: Any, *, id: str) -> None:
        self._model = model
        self._tokenizer: Any = tokenizer
        self._lock = threading.Lock()
        self.id = id

    @classmethod
    def load(cls, location: str, *, id: str) -> TransformersChat:
        """Load a local folder or a hub id from the local cache; never reaches the network."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(location, local_files_only=True)
            model: Any = AutoModelForCausalLM.from_pretrained(
                location, local_files_only=True, dtype="auto", trust_remote_code=False, use_safetensors=True
            )
        except (OSError, ValueError) as error:
            first = (str(error).splitlines() or ["unreadable"])[0]
            raise ModelMissingError(
                f"the language model {location} cannot be loaded ({first}); "
                "give a folder with safetensors weights"
            ) from error
        return cls(model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer, id=id)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        grammar: str | None = None,
        max_tokens: int = 256,
    ) -> Iterator[str]:
        """Yield the reply piece by piece; one request at a time."""
        from transformers import StoppingCriteria, StoppingCriteriaList
        from transformers.generation.streamers import TextStreamer

        def run(emit: Callable[[str], bool]) -> None:
            stopped = False

            class Streamer(TextStreamer):
                def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                    nonlocal stopped
                    stopped = emit(text) or stopped

            class Stop(StoppingCriteria):
                def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
                    import torch

                    return torch.full(
                        (input_ids.shape[0],), stopped, dtype=torch.bool, device=input_ids.device
                    )

            chat = [{"role": m.role, "content": m.content} for m in messages]
            inputs = self._tokenizer.apply_chat_template(
                chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(self._model.device)
            with self._lock:
                self._model.generate(
                    **inputs,
                    max_new_tokens=max_tokens,
                    do_sample=False,
                    streamer=Streamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True),
                    stopping_criteria=StoppingCriteriaList([Stop()]),
                )

        return pieces_of(run)
