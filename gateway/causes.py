"""What went wrong first, out of the groups that task groups raise."""


def cause_of(error: BaseException) -> BaseException:
    """Give the first error inside a group, however deep; any other error is its own cause."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
