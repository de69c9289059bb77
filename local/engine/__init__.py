"""Run the platform's Pulumi program without Pulumi's engine, and keep what it declares."""

from local.engine.model import UNKNOWN, Archive, Asset, Deployment, Problem, ProgramError, Registration
from local.engine.program import run_program
from local.engine.recording import RecordingProvider

__all__ = ["UNKNOWN", "Archive", "Asset", "Deployment", "Problem", "ProgramError"]
__all__ += ["RecordingProvider", "Registration", "run_program"]
