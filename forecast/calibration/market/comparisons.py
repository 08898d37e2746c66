"""What is compared: each quantity with its reader in either world, and what bears on a misfit."""

from forecast.calibration.market.firm_comparisons import FIRM_COMPARISONS
from forecast.calibration.market.price_comparisons import PRICE_COMPARISONS
from forecast.calibration.market.share_comparisons import SHARE_COMPARISONS

COMPARISONS = PRICE_COMPARISONS + SHARE_COMPARISONS + FIRM_COMPARISONS
