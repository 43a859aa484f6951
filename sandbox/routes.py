"""The API's paths, each with its methods; of two that fit a request the first is meant."""

from sandbox import (
    cards,
    carts,
    customer_methods,
    imports,
    methods,
    payment_cards,
    points,
    promotions,
    triggers,
    vehicles,
)
from sandbox.methods import Method
from sandbox.reports import get_report

API: dict[str, dict[str, Method]] = {
    "/transactions": {"POST": methods.post_transactions},
    "/transactions/customerId/{customerId}": {"GET": methods.get_transactions},
    "/stores": {"GET": methods.get_stores},
    "/consents": {"GET": methods.get_consents},
    "/reports/{reportType}": {"GET": get_report},
    "/import": {"POST": imports.post_import},
    "/import/form": {"POST": imports.post_form},
    "/import/file": {"POST": imports.post_file},
    "/customers": {
        "GET": customer_methods.get_customer_by_phone,
        "POST": customer_methods.post_customer,
        "PUT": customer_methods.put_customer,
    },
    "/customers/prospects": {"POST": customer_methods.post_prospect},
    "/customers/externalId": {"PUT": customer_methods.put_customer_by_external_id},
    "/customers/id/{id}": {"GET": customer_methods.get_customer_by_id},
    "/customers/externalId/{id}": {"GET": customer_methods.get_customer_by_external_id},
    # An e-mail may hold a slash.
    "/customers/email/{email:path}": {"GET": customer_methods.get_customer_by_email},
    "/customers/changed": {"GET": customer_methods.get_changed},
    "/customers/changed/": {"GET": customer_methods.get_changed},
    "/customers/changed/{timestamp}": {"GET": customer_methods.get_changed},
    "/customers/id/{id}/source/{source}": {"DELETE": customer_methods.delete_customer},
    "/customers/externalId/{externalId}/source/{source}": {
        "DELETE": customer_methods.delete_customer_by_external_id
    },
    "/bonus/rules": {"GET": points.list_rules},
    "/loyalty/bonus/import": {"POST": points.import_bonus},
    "/loyalty/bonus/addRewardPoints": {"POST": points.add_reward_points},
    "/loyalty/activity/{activityId}/customerId/{customerId}": {"POST": points.add_by_activity},
    "/loyalty/transactions/customerId/{customerId}": {
        "GET": points.list_bonuses,
        "POST": points.list_bonuses,
    },
    "/loyalty/achievements": {"PUT": cards.add_achievement},
    "/loyalty/loyalty-cards/transfer-clips": {"POST": cards.transfer_clips},
    "/loyalty/loyalty-cards/campaigns": {"GET": cards.get_card_campaigns},
    "/loyalty/loyalty-cards/{customerId}": {"GET": cards.get_cards},
    "/abandonedCarts": {"POST": carts.put_in_cart, "PUT": carts.empty_cart},
    "/payment-cards": {"POST": payment_cards.add_payment_card},
    "/payment-cards/token/{token}": {"GET": payment_cards.get_member_by_token},
    "/payment-cards/customerId/{customerId}": {"GET": payment_cards.list_payment_cards},
    "/payment-cards/{customerId}/{cardId}": {"DELETE": payment_cards.delete_payment_card},
    "/modules/vehicles/customerId/{customerId}": {
        "GET": vehicles.list_vehicles,
        "POST": vehicles.add_vehicle,
    },
    "/modules/vehicles/vehicleId/{vehicleId}": {
        "PUT": vehicles.change_vehicle,
        "DELETE": vehicles.delete_vehicle,
    },
    "/promotions/redeem": {"POST": promotions.redeem},
    "/promotions/redeem/history/customerId/{customerId}": {"GET": promotions.get_history},
    "/promotions/customerId/{customerId}": {"GET": promotions.get_promotions},
    "/promotions/mobilePhone": {"GET": promotions.get_promotions_by_phone},
    "/promotions/definitions": {"GET": promotions.get_definitions},
    "/promotions/campaigns": {"GET": promotions.get_definitions},
    "/promotions/{promotionId}/enableUse/{customerId}": {"POST": promotions.enable_use},
    "/promotions/{promotionId}/disableUse/{customerId}": {"POST": promotions.disable_use},
    "/triggers/{id}/customer/{customerId}": {"POST": triggers.trigger_by_customer},
    "/triggers/{id}/customer/mobilePhone/{mobilePhone}": {"POST": triggers.trigger_by_phone},
}
