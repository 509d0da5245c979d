"""What can be done with an import. These modules are the only writers of imports and of the accounts from them."""
