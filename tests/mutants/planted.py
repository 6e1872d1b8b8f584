"""All planted bugs."""

from tests.mutants import booking, protecting, recording, risking, sending

MUTANTS = (
    *sending.MUTANTS,
    *protecting.MUTANTS,
    *booking.MUTANTS,
    *risking.MUTANTS,
    *recording.MUTANTS,
)
