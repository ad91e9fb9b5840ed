# Waits for the frontend, then makes the namespace and the search attributes of the
# processes. Sourced by the container's shell; running it
# again changes nothing.
# temporal reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.

until temporal operator cluster health; do
  echo "waiting for Temporal at $TEMPORAL_ADDRESS"
  sleep 1
done
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 72h
fi
# The namespace reaches the frontend's cache within seconds; adding what is there
# already is no error.
until temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name ShipmentCategory --type Keyword --name ShipmentOutcome --type Keyword; do
  echo "waiting for namespace $TEMPORAL_NAMESPACE"
  sleep 1
done
