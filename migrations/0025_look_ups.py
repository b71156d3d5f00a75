from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0024_lesson_covers')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='CheckIn',
            index=Index(fields=['person_id']),
        ),
        ops.AddIndex(
            model_name='Claim',
            index=Index(fields=['branch_id']),
        ),
        ops.AddIndex(
            model_name='Claim',
            index=Index(fields=['batch_id']),
        ),
        ops.AddIndex(
            model_name='Complaint',
            index=Index(fields=['account_id']),
        ),
        ops.AddIndex(
            model_name='Complaint',
            index=Index(fields=['office_id']),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['account_id']),
        ),
        ops.AddIndex(
            model_name='Duty',
            index=Index(fields=['organization_id']),
        ),
        ops.AddIndex(
            model_name='Guest',
            index=Index(fields=['person_id']),
        ),
        ops.AddIndex(
            model_name='Payment',
            index=Index(fields=['claim_id']),
        ),
        ops.AddIndex(
            model_name='Person',
            index=Index(fields=['organization_id']),
        ),
        ops.AddIndex(
            model_name='Question',
            index=Index(fields=['account_id', 'asked_at']),
        ),
        ops.AddIndex(
            model_name='Rating',
            index=Index(fields=['booking_id']),
        ),
        ops.AddIndex(
            model_name='Receipt',
            index=Index(fields=['claim_id']),
        ),
        ops.AddIndex(
            model_name='Record',
            index=Index(fields=['booking_id']),
        ),
        ops.AddIndex(
            model_name='Trainee',
            index=Index(fields=['person_id']),
        ),
        ops.AddIndex(
            model_name='Trainee',
            index=Index(fields=['enrolment_id']),
        ),
        ops.AddIndex(
            model_name='TrainingRecord',
            index=Index(fields=['person_id']),
        ),
    ]
