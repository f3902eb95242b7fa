"""A monthly budget of the project, and who is told when it is nearly or wholly used.

Owns: the budget. Deliberately not: stopping anything; a budget only tells, and images must not become unreachable
because of a bill. Also not the billing account, which belongs to the organisation.

Traps: whoever deploys needs `roles/billing.costsManager` on the billing *account*, which no project role gives. The
amount is in the account's own currency. Budgets know projects by number. A budget has no text of its own to send, only
its name, of 60 characters at most: so the name says where to read what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:Spending"
SECTION = "the-budget-is-nearly-spent"
SHARES = (0.5, 0.9, 1.0)
"""Parts of the budget that are told when they are spent."""


@dataclass(frozen=True, kw_only=True)
class SpendingArgs:
    billing_account: str
    project_number: pulumi.Input[str]
    monthly_amount: int
    """Whole units of the billing account's currency."""
    runbook: str
    """Where the runbook is: a URL or a path."""
    channels: Sequence[pulumi.Input[str]]
    """Full names of notification channels; the account's administrators are told too."""


class Spending(pulumi.ComponentResource):
    """The `budget`."""

    budget: gcp.billing.Budget

    def __init__(self, name: str, args: SpendingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"monthlyAmount": args.monthly_amount}, opts)
        self.budget = gcp.billing.Budget(
            f"{name}-budget",
            billing_account=args.billing_account,
            display_name=f"Imaging: {args.runbook}#{SECTION}",
            budget_filter={"projects": [pulumi.Output.format("projects/{0}", args.project_number)]},
            amount={"specified_amount": {"units": str(args.monthly_amount)}},
            threshold_rules=[
                *({"threshold_percent": share, "spend_basis": "CURRENT_SPEND"} for share in SHARES),
                {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
            ],
            all_updates_rule={"monitoring_notification_channels": list(args.channels)} if args.channels else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"budget": self.budget.id})
