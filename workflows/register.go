package workflows

// Registry takes registrations: a worker, or the SDK's test environment.
type Registry interface {
	RegisterWorkflow(workflow any)
	RegisterActivity(activity any)
}

// Register registers the workflows of one task queue, and the activities: any
// stage can run inline in any workflow, so every worker host has all of them.
func Register(r Registry, queue string, activityStructs ...any) {
	switch queue {
	case QueueOrchestrator:
		r.RegisterWorkflow(ShipmentProcess)
		r.RegisterWorkflow(DomesticShipment)
		r.RegisterWorkflow(InternationalShipment)
		r.RegisterWorkflow(InternationalPaperlessShipment)
	case QueueManifestation:
		r.RegisterWorkflow(Manifestation)
	case QueueDocuments:
		r.RegisterWorkflow(Documents)
		r.RegisterWorkflow(CustomsInvoice)
	case QueueCollection:
		r.RegisterWorkflow(Collection)
	case QueueCarrier:
		r.RegisterWorkflow(ManifestLeg)
		r.RegisterWorkflow(VoidLeg)
		r.RegisterWorkflow(BookCollection)
		r.RegisterWorkflow(CancelCollection)
	}
	for _, s := range activityStructs {
		r.RegisterActivity(s)
	}
}
