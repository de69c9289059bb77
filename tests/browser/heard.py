"""The pitch of the sound that the video element plays: what a viewer really hears, and not what the page believes."""

# The loudest frequency of the sound, in Hz.
LISTEN = """async () => {
  window.heard ??= (() => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    context.createMediaStreamSource(video.captureStream()).connect(analyser);
    return { context, analyser };
  })();
  const { context, analyser } = heard;
  await context.resume();
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  const loudest = bins.indexOf(Math.max(...bins));
  return loudest * context.sampleRate / analyser.fftSize;
}"""
NEAR = 15


def hears(pitch: int) -> str:
    """A condition for `until`: the video element plays a tone of `pitch` Hz now."""
    return f"async () => Math.abs((await ({LISTEN})()) - {pitch}) < {NEAR}"
