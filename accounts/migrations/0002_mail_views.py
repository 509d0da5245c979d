from django.db import migrations

from accounts.mail_views import create_mail_views


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [create_mail_views()]
