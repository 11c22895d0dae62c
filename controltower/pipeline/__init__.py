"""The verbs, in the order of the flow: receive, poll, translate, record, detect, reprocess; one transaction each."""
