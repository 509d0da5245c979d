"""The help for imports: what each problem means and how to mend it, by its code."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bulkimport.columns import BY_FIELD, COLUMNS
from bulkimport.rows import Field


@dataclass(frozen=True, slots=True)
class ProblemHelp:
    """What stands in the help about one problem. `code` is that of the problem, and the anchor of its entry."""

    code: str
    title: Promise | str
    text: Promise | str


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """The problems of one column, or of one part of a file."""

    anchor: str
    title: Promise | str
    problems: tuple[ProblemHelp, ...]


@require_safe
@never_cache
@login_not_required
def help_page(request: HttpRequest) -> HttpResponse:
    """Show how to make the file, what the columns mean and what each problem means."""
    context = {"columns": COLUMNS, "groups": PROBLEM_GROUPS, "max_accounts": settings.MAX_ACCOUNTS_PER_FILE}
    return render(request, "bulkimport/help.html", context)


PROBLEM_GROUPS: Final = (
    ProblemGroup(
        "about-whole-file",
        _("The file as a whole"),
        (
            ProblemHelp(
                "file_empty",
                _("The file is empty"),
                _("There is nothing in it. Save the list once more and upload that file."),
            ),
            ProblemHelp(
                "file_too_large",
                _("The file is too large"),
                _(
                    "A list of accounts is small, so there is probably more in the file: pictures, or other sheets. "
                    "Copy the list alone into a new file, or split it."
                ),
            ),
            ProblemHelp(
                "file_damaged",
                _("The file is damaged"),
                _(
                    "It could not be opened; perhaps the upload broke off. Open it in your spreadsheet program, save "
                    "it again and upload it once more."
                ),
            ),
            ProblemHelp(
                "not_a_table",
                _("The file is not a list"),
                _(
                    "It is of another kind: a picture, a PDF, a web page or a document. Open the list in your "
                    "spreadsheet program, save it as XLSX, ODS or CSV and upload that."
                ),
            ),
            ProblemHelp(
                "encoding_wrong",
                _("The file is not in the chosen encoding"),
                _(
                    "The encoding that was set does not fit the file. Choose another one under “Change columns and how "
                    "it is read”, or let it be detected."
                ),
            ),
            ProblemHelp(
                "encoding_broken",
                _("Some letters are broken"),
                _(
                    "The letters were garbled before the file was saved, or it was put together from parts in "
                    "different encodings. Save the list anew, best as XLSX or ODS, and upload that. A password in a "
                    "single cell can be typed anew on the page."
                ),
            ),
            ProblemHelp(
                "encoding_guessed",
                _("The encoding was guessed"),
                _(
                    "The file does not say in which encoding it is written, and it has too few letters beside a–z to "
                    "tell it for sure. Look whether the passwords are right. If not, choose another encoding under "
                    "“Change columns and how it is read”, or save the list as XLSX."
                ),
            ),
            ProblemHelp(
                "sheet_encrypted",
                _("The spreadsheet has a password"),
                _(
                    "It cannot be opened without that password, and we do not ask for it. Save the spreadsheet "
                    "without a password and upload that."
                ),
            ),
            ProblemHelp(
                "sheet_too_large",
                _("The spreadsheet is too large to be opened"),
                _(
                    "It has far more in it than a list of accounts. Copy the list alone into a new spreadsheet, or "
                    "save it as CSV."
                ),
            ),
            ProblemHelp(
                "sheet_unreadable",
                _("The spreadsheet cannot be read"),
                _(
                    "The program that wrote it did so in an unusual way. Open it in Excel or LibreOffice Calc, save "
                    "it anew as XLSX and upload that."
                ),
            ),
            ProblemHelp(
                "sheet_binary",
                _("The file is a binary workbook"),
                _(
                    "Some of its cells cannot be read for certain, so none are. Open it in Excel, choose Excel "
                    "Workbook (*.xlsx) as the file type, save it and upload that."
                ),
            ),
            ProblemHelp(
                "no_sheet",
                _("No sheet was read"),
                _("A spreadsheet has several sheets, and none of them is ticked. Tick the ones that have the list."),
            ),
            ProblemHelp(
                "sheet_not_read",
                _("A sheet was not read"),
                _(
                    "It has text, but no column of addresses. If it belongs to the list, say on the page which of its "
                    "columns is which; if not, leave it without a tick."
                ),
            ),
            ProblemHelp(
                "sheet_hidden",
                _("A hidden sheet was not read"),
                _(
                    "Somebody has hidden it in the spreadsheet program, so it may be an old list. Tick it on the page "
                    "if its accounts are meant."
                ),
            ),
            ProblemHelp(
                "sheet_too_long",
                _("There is something far below the list"),
                _(
                    "A sheet is read down to a certain row, and this one goes on below it. Delete the rows under the "
                    "list, or copy the list into a new spreadsheet."
                ),
            ),
            ProblemHelp(
                "no_accounts",
                _("There is a header and nothing below it"),
                _(
                    "The names of the columns were found, but no account. Write each account on a row of its own "
                    "below the header."
                ),
            ),
            ProblemHelp(
                "too_many_accounts",
                _("There are too many accounts in the file"),
                _(
                    "One file may have a certain number of accounts; the message names it. Split the list into "
                    "several files and upload them one after another."
                ),
            ),
            ProblemHelp(
                "domain_limit",
                _("There is no room left in the domain"),
                _(
                    "The domain may have only so many mailboxes, or so many MB together. Remove accounts, give them "
                    "less quota, or ask your hosting company for more room."
                ),
            ),
            ProblemHelp(
                "already_imported",
                _("This file was imported before"),
                _(
                    "Its accounts exist already, so nothing is created a second time. Open that import to see them; "
                    "put new people into a file of their own."
                ),
            ),
            ProblemHelp(
                "too_many_lists",
                _("There are too many unfinished lists"),
                _(
                    "Lists that were uploaded and not created are kept for a day, and only so many at once. Create the "
                    "accounts of one, or discard one that you do not need."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-header",
        _("The header and the columns"),
        (
            ProblemHelp(
                "no_header",
                _("The file has no header"),
                _(
                    "No row names the columns, so they were read in the usual order. Look whether each value stands in "
                    "its column; if not, say on the page which column is which."
                ),
            ),
            ProblemHelp(
                "header_unknown",
                _("No column is known"),
                _(
                    "The list has names of columns, but none that we know. Say on the page which column is which, or "
                    "write the names that the table of columns shows."
                ),
            ),
            ProblemHelp(
                "header_not_first",
                _("There are rows above the header"),
                _(
                    "The names of the columns were found further down. What stands above them was taken for a title "
                    "and left out. If one of those rows is an account, take it back on the page. Where accounts stand "
                    "above the names, move the row with the names to the top of the list."
                ),
            ),
            ProblemHelp(
                "email_column_missing",
                _("The column E-mail is missing"),
                _(
                    "Every account needs an address. Say on the page which column has the addresses, or add a column "
                    "named E-mail."
                ),
            ),
            ProblemHelp(
                "column_repeated",
                _("A column is there twice"),
                _(
                    "Two columns have the same name or names that mean the same, so it is not clear which one counts. "
                    "Say on the page which one it is, and set the other to “Not used”."
                ),
            ),
            ProblemHelp(
                "column_unclear",
                _("A name is not quite that of a column"),
                _(
                    "It looks like one that we know, so its values may be needed; a list without them would be created "
                    "wrongly. Say on the page what the column is, also where it is “Not used”."
                ),
            ),
            ProblemHelp(
                "column_unknown",
                _("A column is not known"),
                _(
                    "It is left out; everything else is read. If you need it, give it one of the names that the table"
                    " of columns shows."
                ),
            ),
            ProblemHelp(
                "column_index",
                _("A column only counts the rows"),
                _(
                    "It has no name and holds the numbers 1, 2, 3 and so on, which many programs add. Nothing needs to "
                    "be done."
                ),
            ),
            ProblemHelp(
                "too_many_columns",
                _("There are too many columns"),
                _(
                    "The first row goes on far to the right. Delete the columns that do not belong to the list, or "
                    "copy the list into a new file."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-rows",
        _("Rows and cells"),
        (
            ProblemHelp(
                "surplus_cell",
                _("There is text without a column"),
                _(
                    "The row has more cells than the header, mostly because a value has the separator in it. Put such"
                    " a value in quotation marks, or delete the surplus text."
                ),
            ),
            ProblemHelp(
                "cells_slipped",
                _("The cells of a row stand in other columns than the names say"),
                _(
                    "An address stands where none belongs, so a password may stand anywhere in the row. Move each value"
                    " into its column, or leave the row out. In the row with the names of the columns, an account has "
                    "run into them: give it a row of its own."
                ),
            ),
            ProblemHelp(
                "rows_left_out",
                _("Rows were left out"),
                _(
                    "They look like a total, a comment or a second header, and no account is made of them. If one of "
                    "them is an account, take it back on the page. Where a second header has other columns, put the "
                    "two lists into two files."
                ),
            ),
            ProblemHelp(
                "rows_hidden",
                _("Some rows are hidden"),
                _(
                    "They were hidden or filtered out in the spreadsheet program, and were read all the same. Delete "
                    "them there if they are not meant, and upload the list again."
                ),
            ),
            ProblemHelp(
                "quotes",
                _("Quotation marks do not match"),
                _(
                    "A quotation mark was opened and not closed, so it is not certain where the cell ends. Close it; "
                    "a quotation mark that belongs to the value is written twice."
                ),
            ),
            ProblemHelp(
                "cell_too_long",
                _("A cell is too long"),
                _("No address or password is so long; perhaps a whole text has slipped into the cell. Shorten it."),
            ),
            ProblemHelp(
                "cell_unreadable",
                _("A cell has no value"),
                _(
                    "In the spreadsheet there is an error, a time, or a formula without a result. Type the value "
                    "itself into the cell, as text."
                ),
            ),
            ProblemHelp(
                "cells_merged",
                _("A cell is merged with others"),
                _(
                    "A merged cell has its value only in its first row; the others were read as empty. Write the value "
                    "into each cell that should have it."
                ),
            ),
            ProblemHelp(
                "number_format",
                _("A number is shown in another way"),
                _(
                    "The format of the cell adds a unit, a percent sign or a scale, so that you see another number "
                    "than the one stored. Type on the page what is meant."
                ),
            ),
            ProblemHelp(
                "cell_has_control",
                _("A cell has an invisible character"),
                _(
                    "It came along when something was copied. The cell is shown without it: look whether it is right "
                    "as it stands."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-address",
        BY_FIELD[Field.EMAIL].label,
        (
            ProblemHelp(
                "email_missing",
                _("The address is missing"),
                _("Every row needs an address, even when all other cells are empty. Write it, or delete the row."),
            ),
            ProblemHelp(
                "email_no_at",
                _("The address has no @"),
                _("An address has a name, an @ and a domain, such as jan@przyklad.pl. Write all three."),
            ),
            ProblemHelp(
                "email_has_space",
                _("The address has a space in it"),
                _("No address has a space. Remove it, or write a full stop there: jan.kowalski@przyklad.pl."),
            ),
            ProblemHelp(
                "email_has_comma",
                _("The address has a comma in it"),
                _("Mostly a full stop was meant. Write one instead of the comma."),
            ),
            ProblemHelp(
                "email_with_name",
                _("There is a name beside the address"),
                _("An address book writes Jan Kowalski <jan@przyklad.pl>. Leave only the address."),
            ),
            ProblemHelp(
                "email_with_mailto",
                _("The address begins with mailto:"),
                _("It was copied from a link. Leave only the address."),
            ),
            ProblemHelp(
                "email_with_more",
                _("There is more than an address"),
                _(
                    "Something else stands in the same cell, perhaps a value of another column. Leave only the "
                    "address, and look whether the other cells of the row are right."
                ),
            ),
            ProblemHelp(
                "email_several",
                _("There are several addresses"),
                _(
                    "Each account has one address. Leave one, and give the others rows of their own, or write them "
                    "into the column for forwards."
                ),
            ),
            ProblemHelp(
                "email_extra_sign",
                _("A sign stands beside the address"),
                _(
                    "A full stop, comma, bracket or quotation mark at its beginning or end does not belong to it. "
                    "Remove it."
                ),
            ),
            ProblemHelp(
                "email_invisible",
                _("The address has an invisible character"),
                _("It came along when the address was copied. Delete the address and type it by hand."),
            ),
            ProblemHelp(
                "email_look_alike",
                _("The address has a sign that only looks like another"),
                _(
                    "Word processors put a longer dash or another kind of hyphen in the place of a plain one. The "
                    "message says which sign it is; type it anew."
                ),
            ),
            ProblemHelp(
                "email_mixed_alphabet",
                _("The address has a letter of another alphabet"),
                _(
                    "It only looks like a Latin one, such as the Cyrillic а. The message says which letter it is; type "
                    "it anew."
                ),
            ),
            ProblemHelp(
                "email_not_ascii",
                _("The address has letters with accents before the @"),
                _(
                    "Many mail servers cannot carry such letters there. Write the name without accents; after the @ "
                    "they are allowed."
                ),
            ),
            ProblemHelp(
                "email_invalid",
                _("This is not an address"),
                _(
                    "Something in it is not allowed: two @, a full stop in a wrong place, or a domain that cannot "
                    "exist. Write it again, such as jan@przyklad.pl."
                ),
            ),
            ProblemHelp(
                "email_unsafe_name",
                _("The name before the @ cannot be one of a mailbox"),
                _(
                    "It may have letters from a to z, digits, full stops, hyphens and underscores, and begins and "
                    "ends with a letter or digit. Write it so."
                ),
            ),
            ProblemHelp(
                "example_row",
                _("The example of the template is still there"),
                _(
                    "It only shows how to fill in the list, and no account is made of it. Delete the row, or write "
                    "your own account in it."
                ),
            ),
            ProblemHelp(
                "domain_not_yours",
                _("You cannot use this domain"),
                _(
                    "The part after the @ is not one of your domains; perhaps it is mistyped. Correct it, or ask your"
                    " hosting company to add the domain."
                ),
            ),
            ProblemHelp(
                "domain_inactive",
                _("The domain is switched off"),
                _("The account is created, but gets no mail until your hosting company switches the domain on."),
            ),
            ProblemHelp(
                "address_repeated",
                _("The address is in the file twice"),
                _(
                    "Each address can be created once; the message names the other row. Remove one of the two, or "
                    "change the address."
                ),
            ),
            ProblemHelp(
                "address_taken",
                _("The address exists already"),
                _(
                    "There is a mailbox with this address, and an import changes none that exist. Write another "
                    "address, or leave the row out."
                ),
            ),
            ProblemHelp(
                "address_is_forward",
                _("The address is already a forward"),
                _(
                    "Messages to it are passed on to somebody else. Choose another address, or delete the forward "
                    "first."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-password",
        BY_FIELD[Field.PASSWORD].label,
        (
            ProblemHelp(
                "password_too_short",
                _("The password is too short"),
                _(
                    "The message says how many characters it needs. Write a longer one, or leave the cell empty and "
                    "get a random one."
                ),
            ),
            ProblemHelp(
                "password_too_long",
                _("The password is too long"),
                _("Some mail programs cannot send so many characters. Write a shorter one."),
            ),
            ProblemHelp(
                "password_no_letter",
                _("The password has no letter"),
                _(
                    "Digits alone are quickly guessed. Add a letter. If the spreadsheet has turned the password into "
                    "a number, type it once more as text."
                ),
            ),
            ProblemHelp(
                "password_no_digit",
                _("The password has no digit"),
                _("Letters alone are too easily guessed. Add a digit."),
            ),
            ProblemHelp(
                "password_control_character",
                _("The password has a character that nobody can type"),
                _(
                    "There is a line break or an invisible character in it, mostly from copying. Type the password by"
                    " hand."
                ),
            ),
            ProblemHelp(
                "password_is_hash",
                _("This is the hash of a password"),
                _(
                    "Programs store passwords in such a form, from which nobody can tell the password. Write a new "
                    "one, or leave the cell empty and get a random one."
                ),
            ),
            ProblemHelp(
                "password_is_address",
                _("There is an e-mail address instead of the password"),
                _(
                    "In a list without a header the second column is the password, so perhaps your forwards stand "
                    "there. Say on the page which column is which, or choose a password."
                ),
            ),
            ProblemHelp(
                "password_common",
                _("The password is very common"),
                _(
                    "It is on the lists that attackers try first. The account is created with it all the same; better"
                    " choose another, or leave the cell empty."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-quota",
        BY_FIELD[Field.QUOTA].label,
        (
            ProblemHelp(
                "quota_not_number",
                _("The quota is not a number"),
                _("Write a whole number of MB, such as 500, or a number with its unit, such as 500 MB or 2 GB."),
            ),
            ProblemHelp(
                "quota_ambiguous",
                _("The quota can be read in two ways"),
                _(
                    "With a full stop or comma before three digits it may be one MB or a thousand. Write only the "
                    "digits."
                ),
            ),
            ProblemHelp(
                "quota_too_small",
                _("The quota is too small"),
                _(
                    "A mailbox needs at least 1 MB; 0 does not mean “without limit”. Write a larger number, or leave "
                    "the cell empty."
                ),
            ),
            ProblemHelp(
                "quota_unlimited",
                _("The quota is to be without limit"),
                _("Every mailbox needs a limit. Write a number of MB, or leave the cell empty and get the usual one."),
            ),
            ProblemHelp(
                "quota_too_large",
                _("The quota is too large"),
                _("No mailbox can be so large; perhaps the number is one of bytes. Write it in MB."),
            ),
            ProblemHelp(
                "quota_over_domain_limit",
                _("The quota is more than the domain allows"),
                _(
                    "The message names the most that one mailbox of this domain may have. Write that or less, or ask "
                    "your hosting company for more."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-forward",
        BY_FIELD[Field.FORWARD].label,
        (
            ProblemHelp(
                "forward_no_at",
                _("A forward has no @"),
                _(
                    "Messages can only be passed on to a whole address. Write name, @ and domain. Several addresses "
                    "are separated by spaces."
                ),
            ),
            ProblemHelp(
                "forward_has_comma",
                _("A forward has a comma in it"),
                _("If a full stop was meant, write one. If there are two addresses, put a space between them."),
            ),
            ProblemHelp(
                "forward_with_name",
                _("A forward has a name beside its address"),
                _("Leave only the addresses, without names and brackets."),
            ),
            ProblemHelp(
                "forward_with_mailto",
                _("A forward begins with mailto:"),
                _("It was copied from a link. Leave only the address."),
            ),
            ProblemHelp(
                "forward_with_more",
                _("There is more than an address in a forward"),
                _("Something else stands beside it. Leave only addresses, with spaces between them."),
            ),
            ProblemHelp(
                "forward_several",
                _("Addresses of a forward run into each other"),
                _("Put a space or a comma between one address and the next."),
            ),
            ProblemHelp(
                "forward_extra_sign",
                _("A sign stands beside an address of a forward"),
                _("A bracket or another sign at its beginning or end does not belong to it. Remove it."),
            ),
            ProblemHelp(
                "forward_invisible",
                _("A forward has an invisible character"),
                _("It came along when the address was copied. Delete the address and type it by hand."),
            ),
            ProblemHelp(
                "forward_look_alike",
                _("A forward has a sign that only looks like another"),
                _(
                    "Word processors put a longer dash or another kind of hyphen in the place of a plain one. The "
                    "message says which sign it is; type it anew."
                ),
            ),
            ProblemHelp(
                "forward_mixed_alphabet",
                _("A forward has a letter of another alphabet"),
                _("It only looks like a Latin one. The message says which letter it is; type it anew."),
            ),
            ProblemHelp(
                "forward_not_ascii",
                _("A forward has letters with accents before the @"),
                _(
                    "Many mail servers cannot carry such letters there. Write the address as its owner does, without "
                    "accents."
                ),
            ),
            ProblemHelp(
                "forward_invalid",
                _("A forward is not an address"),
                _(
                    "Something in it is not allowed: two @, a full stop in a wrong place, or a domain that cannot "
                    "exist. Write it again."
                ),
            ),
            ProblemHelp(
                "forward_is_example",
                _("The forward is the example of the template"),
                _("That address exists nowhere. Write another one, or leave the cell empty."),
            ),
            ProblemHelp(
                "forward_too_many",
                _("A forward has too many addresses"),
                _(
                    "The message says how many are allowed. Remove some, or forward to an address that passes "
                    "messages on itself."
                ),
            ),
            ProblemHelp(
                "forward_to_self",
                _("The address forwards to itself"),
                _(
                    "A message would come back again and again. Write another address. To keep messages in the "
                    "mailbox as well, choose Yes in the column for keeping a copy."
                ),
            ),
            ProblemHelp(
                "forward_loop",
                _("Forwards go round in a circle"),
                _(
                    "One address passes messages on to the next and the last one back to the first, so nobody gets "
                    "them. Keep a copy at one of them, or forward elsewhere."
                ),
            ),
            ProblemHelp(
                "forward_to_missing",
                _("A forward leads to an address that does not exist"),
                _(
                    "The domain is yours, but there is no such mailbox or forward. Correct the address, or create it "
                    "as well; until then the sender gets the message back."
                ),
            ),
            ProblemHelp(
                "forward_to_disabled",
                _("A forward leads to an address that is disabled"),
                _(
                    "It exists, but takes no mail now, so the sender gets the message back. Enable it, or forward "
                    "elsewhere."
                ),
            ),
        ),
    ),
    ProblemGroup(
        "about-keep-copy",
        BY_FIELD[Field.KEEP_COPY].label,
        (
            ProblemHelp(
                "keep_copy_unknown",
                _("It is neither Yes nor No"),
                _("Write Yes or No, in English or Polish, or mark the cell with x. An empty cell means No."),
            ),
            ProblemHelp(
                "keep_copy_without_forward",
                _("There is no forward to keep a copy of"),
                _(
                    "Without a forward, every message stays in the mailbox anyway. Write a forward, or leave this "
                    "cell empty."
                ),
            ),
        ),
    ),
)

# The codes of all problems that the help explains.
EXPLAINED: Final = frozenset(problem.code for group in PROBLEM_GROUPS for problem in group.problems)
