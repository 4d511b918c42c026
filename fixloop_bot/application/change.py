"""The watch of a soak: a CUSUM beside each sequential test, which notices what turns bad after a long good time."""

from __future__ import annotations

from dataclasses import replace

from fixloop_bot.domain.cusum import Cusum, chart_for
from fixloop_bot.domain.decision import RAREST_ERROR, ProofSettings
from fixloop_bot.domain.samples import Sample

DAY_S = 86_400


def watched(settings: ProofSettings) -> ProofSettings:
    """The settings of a soak's sequential test: half of α, the other half is for the CUSUM beside it."""
    return replace(settings, alpha=max(RAREST_ERROR, settings.alpha / 2))


class ChangeWatch:
    """One claim under watch, over a soak of so many samples. ``settings`` are those of ``watched``."""

    def __init__(self, settings: ProofSettings, *, samples: int, what: str) -> None:
        self._cusum = Cusum(chart_for(settings, samples=samples, alpha=settings.alpha))
        self._what = what
        self._since = 0.0

    def add(self, sample: Sample, failed: bool) -> None:
        if self._cusum.level == 0:
            self._since = sample.at
        self._cusum.observe(failed)

    @property
    def alarmed(self) -> bool:
        return self._cusum.alarmed

    def sentence(self) -> str:
        """``3 of the last 12 samples failed, since 03:31 UTC``: since S last was 0, the best guess of the beginning."""
        of = f"{self._cusum.failures} of the last {self._cusum.samples} samples"
        return f"{of} {self._what}, since {_clock_time(self._since)}"


def _clock_time(at: float) -> str:
    """Epoch seconds as ``03:31 UTC``."""
    hours, seconds = divmod(int(at) % DAY_S, 3600)
    return f"{hours:02}:{seconds // 60:02} UTC"
