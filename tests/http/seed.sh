#!/usr/bin/env bash
# The calls that users of the first storagerent make, typed with HTTPie and siege as they type them. seed.sh PORT, over an empty site.
set -euo pipefail
port=$1

# As they type it, `http POST :8080/…`, but for the port; a status above 399 is looked at, not an error.
ask() { # method, path, fields …
  local method=$1 path=$2
  shift 2
  reply=$(http --ignore-stdin --print=hb --pretty=none "$method" ":$port$path" "$@" | tr -d '\r')
  status=$(printf '%s\n' "$reply" | sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p')
  head=$(printf '%s\n' "$reply" | sed '/^$/q')
  body=$(printf '%s\n' "$reply" | sed '1,/^$/d')
}
wrong() { printf '%s\n%s\n' "seed.sh: $1" "$reply" >&2; exit 1; }
is() { [ "$status" = "$1" ] || wrong "$status is not $1"; }
# field name, value as JSON
has() {
  local found
  found=$(printf '%s' "$body" | node -p 'const path = process.argv[1].split("."); JSON.stringify(path.reduce((at, name) => at?.[name], JSON.parse(require("fs").readFileSync(0)))) ?? "nothing"' "$1")
  [ "$found" = "$2" ] || wrong "$1 is $found, not $2"
}
header() { printf '%s\n' "$head" | grep -qiE "^$1: *$2\$" || wrong "no $1: $2"; }
# Asks until it is so: what follows by itself is there within seconds.
soon() { # path, field, value
  for _ in $(seq 50); do
    ask GET "$1"
    if [ "$status" = 200 ] && (has "$2" "$3") 2>/dev/null; then return; fi
    sleep 0.1
  done
  has "$2" "$3"
}

# A storage, with its price as a string and a status that is not believed.
ask POST /storages description="BigStorage" price=200000 storageStatus="available"
is 201
header location /storages/1
header content-type "application/hal\\+json"
has storageId 1
has price 200000
has storageStatus '"available"'
has reviewCnt 0
has _links.self.href '"/storages/1"'

ask GET '/check/chkAndReqReserve?storageId=1'
is 200
[ "$body" = true ] || wrong "it is not free"

# Reserved and paid in one step.
ask POST /reservations storageId=1 price=200000 reservationStatus="reqReserve"
is 201
header location /reservations/1
has reservationStatus '"reserved"'
ask GET /storages/1
is 200
has storageStatus '"reserved"'
ask GET /reservations/1
is 200
has reservationStatus '"reserved"'
has paymentId 1
has storageId 1
has price 200000
ask GET /payments/1
is 200
has paymentStatus '"paid"'
has reservationId 1
has storageId 1
ask GET '/check/chkAndReqReserve?storageId=1'
[ "$body" = false ] || wrong "it is free"

# The second customer is told no, and nothing of it stays.
ask POST /reservations storageId=1 price=200000 reservationStatus="reqReserve"
is 409
has code '"storageTaken"'
ask GET /reservations
has _embedded.reservations.length 1

# A review names the storage alone.
ask POST /reviews storageId=1 rate=5 content="Clean and dry"
is 201
has reservationId 1
has rate 5
ask GET /storages/1
has reviewCnt 1

# Cancelled: the storage is free again, the money given back.
ask PATCH /reservations/1 storageId=1 price=200000 reservationStatus="reqCancel"
is 200
soon /reservations/1 reservationStatus '"cancelled"'
soon /payments/1 paymentStatus '"cancelled"'
soon /storages/1 storageStatus '"available"'
ask GET /storageviews
is 200
has _embedded.storageviews.0.storageId 1
has _embedded.storageviews.0.storageStatus '"available"'
has _embedded.storageviews.0.reservationStatus '"cancelled"'
has _embedded.storageviews.0.paymentStatus '"cancelled"'
has _embedded.storageviews.0.reviewCnt 1
ask GET /storageviews/1
is 200
soon /messages/1 storageId 1
ask GET /actuator/health
is 200
has status '"UP"'

# What that system did wrong: no price, no such id, a review of what nobody rented, a storage deleted under its customer.
ask POST /storages desc="BigStorage"
is 422
ask GET /storages/99
is 404
has code '"storageNotFound"'
ask POST /reviews storageId=99 rate=5 content="Never been there"
is 404
ask POST /reservations storageId=1 price=1 reservationStatus="reqReserve"
is 409
has code '"priceChanged"'
ask POST /reservations storageId=1 price=200000
is 201
ask DELETE /storages/1
is 409

# While the message consumer waits, reservations are taken; what customers were not told, they are told after.
ask POST /storages description="SmallStorage" price=90000
is 201
ask POST /consumers/message/pause
is 200
ask GET /messages
told=$(printf '%s' "$body" | node -p 'JSON.parse(require("fs").readFileSync(0))._embedded.messages.length')
ask POST /reservations storageId=2 price=90000 reservationStatus="reqReserve"
is 201
has reservationStatus '"reserved"'
sleep 1
ask GET /messages
has _embedded.messages.length "$told"
ask POST /consumers/message/resume
is 200
soon /messages _embedded.messages.length $((told + 1))
has "_embedded.messages.$told.storageId" 2
has "_embedded.messages.$told.kind" '"ReservationConfirmed"'

# 50 at once for one storage, with HTTP/1.1 and a JSON body of strings: one gets it. Then 50 at once registering storages.
ask POST /storages description="Wanted" price=200000
is 201
wanted=$(printf '%s' "$body" | node -p 'JSON.parse(require("fs").readFileSync(0)).storageId')
# siege may fail to end, its threads waiting for each other: what it has said by then counts.
besiege() { # URL and what follows, seconds
  timeout --kill-after 5 $(($2 + 30)) siege --rc="$siegerc" -c50 "-t${2}S" -v --content-type "application/json" "$1" >"$siegelog" 2>&1 || true
  sed 's/\x1b\[[0-9;]*m//g' "$siegelog"
}
siegerc=$(mktemp) siegelog=$(mktemp)
trap 'rm -f "$siegerc" "$siegelog"' EXIT
printf 'verbose = true\nlogging = false\nprotocol = HTTP/1.1\nconnection = keep-alive\njson_output = false\ncolor = off\nfailures = 1000000\n' >"$siegerc"
said=$(besiege "http://127.0.0.1:$port/reservations POST {\"storageId\": \"$wanted\", \"price\": \"200000\", \"reservationStatus\": \"reqReserve\"}" 5)
taken=$(grep -c 'HTTP/1.1 201' <<<"$said" || true)
refused=$(grep -c 'HTTP/1.1 409' <<<"$said" || true)
others=$(grep -oE 'HTTP/1.1 [0-9]{3}' <<<"$said" | grep -vE ' (201|409|503)$' | sort | uniq -c || true)
printf 'siege -c50 -t5S POST /reservations: %d reserved, %d told that it is taken\n' "$taken" "$refused"
[ "$taken" = 1 ] && ((refused > 100)) && [ -z "$others" ] || { tail -n 30 <<<"$said" >&2; echo "seed.sh: one of them should have it; $others" >&2; exit 1; }
ask GET "/reservations?storageId=$wanted"
has _embedded.reservations.length 1
has _embedded.reservations.0.reservationStatus '"reserved"'

said=$(besiege "http://127.0.0.1:$port/storages POST {\"description\": \"BigStorage\", \"price\": \"200000\"}" 5)
made=$(grep -c 'HTTP/1.1 201' <<<"$said" || true)
others=$(grep -oE 'HTTP/1.1 [0-9]{3}' <<<"$said" | grep -v ' 201$' | sort | uniq -c || true)
printf 'siege -c50 -t5S POST /storages: %d registered; %s\n' "$made" "$(grep -iE 'availability|transaction.rate' <<<"$said" | tr -s ' \t' ' ' | paste -sd, -)"
((made > 100)) && [ -z "$others" ] || { tail -n 30 <<<"$said" >&2; echo "seed.sh: not all were registered; $others" >&2; exit 1; }

said=$(besiege "http://127.0.0.1:$port/storages POST {\"desc\": \"BigStorage\"}" 1)
others=$(grep -oE 'HTTP/1.1 [0-9]{3}' <<<"$said" | grep -v ' 422$' | sort | uniq -c || true)
grep -q 'HTTP/1.1 422' <<<"$said" && [ -z "$others" ] || { echo "seed.sh: a storage without a price: $others" >&2; exit 1; }

ask GET /verify
is 200
has ok true
ask GET /actuator/health
is 200
