//! The bodies that go over the wire, as a payment service is to read and write them.

use serde::{Deserialize, Serialize};
use storagerent::{Charge, Key, Money, PaymentId, ReservationId};

/// What is asked of the payment service, for a charge, a void and a refund alike; the key is in the header or the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentBody {
    /// The payment.
    pub payment_id: PaymentId,
    /// The reservation it pays for.
    pub reservation_id: ReservationId,
    /// How much: `price` in minor units, and `currency`.
    #[serde(flatten)]
    pub amount: Money,
}

impl PaymentBody {
    /// What is asked for a charge.
    pub fn of(charge: &Charge) -> Self {
        PaymentBody { payment_id: charge.payment_id, reservation_id: charge.reservation_id, amount: charge.amount }
    }

    /// The charge under a key.
    pub fn under(self, key: Key) -> Charge {
        Charge { key, payment_id: self.payment_id, reservation_id: self.reservation_id, amount: self.amount }
    }
}

/// What became of the money, in a payment service's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Settled {
    /// It was taken.
    Captured,
    /// It was refused; nothing was taken.
    Declined,
    /// It was not taken, and never will be under that key: a promise.
    NotTaken,
    /// It was given back.
    Refunded,
}

/// What a payment service answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReply {
    /// The key it speaks of: an answer about another key is none.
    pub key: Key,
    /// What became of the money.
    pub outcome: Settled,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a payment service tells unasked, signed: the outcome of a charge whose reply may have been lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The same over all repetitions of one telling.
    pub id: String,
    /// The key of the charge.
    pub key: Key,
    /// `captured`, `declined` or `notTaken`.
    pub outcome: Settled,
    /// Why, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much was asked for: `price` in minor units, and `currency`.
    #[serde(flatten)]
    pub amount: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_fields_of_the_contract_and_reads_back() {
        let body = PaymentBody {
            payment_id: PaymentId::new(1),
            reservation_id: ReservationId::new(2),
            amount: Money::krw(59_000),
        };
        let json = serde_json::json!({"paymentId": 1, "reservationId": 2, "price": 59_000, "currency": "KRW"});
        assert_eq!(serde_json::to_value(body).unwrap(), json);
        assert_eq!(serde_json::from_value::<PaymentBody>(json).unwrap(), body);
        assert_eq!(PaymentBody::of(&body.under(Key::new(7))), body);
    }

    #[test]
    fn a_callback_has_the_fields_of_the_contract() {
        let callback = Callback {
            id: "1".to_owned(),
            key: Key::new(1),
            outcome: Settled::NotTaken,
            reason: None,
            amount: Money::krw(1),
        };
        let key = Key::new(1).to_string();
        let json = serde_json::json!({"id": "1", "key": key, "outcome": "notTaken", "price": 1, "currency": "KRW"});
        assert_eq!(serde_json::to_value(&callback).unwrap(), json);
        assert_eq!(serde_json::from_value::<Callback>(json).unwrap(), callback);
    }
}
