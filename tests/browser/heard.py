"""What is heard, as a pitch: the sound that the video element puts out, whatever the page believes."""

# In Hz, the loudest bin of the sound.
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
    """A condition for `until`: a tone of so many Hz is heard now."""
    return f"async () => Math.abs((await ({LISTEN})()) - {pitch}) < {NEAR}"
