"""Business judgement: what makes an exception, how bad it is, whose it is and what to do; one small file each."""
