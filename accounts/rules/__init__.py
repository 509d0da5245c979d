"""The rules that hold between domains, mailboxes and forwards. They read the database and never write or lock."""
