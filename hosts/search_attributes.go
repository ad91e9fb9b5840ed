package hosts

import (
	"context"
	"errors"
	"fmt"

	"shipments/consumer"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// SearchAttributes are the custom search attributes that processes are started
// with. The namespace has to have them.
func SearchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{consumer.CategoryAttribute: enumspb.INDEXED_VALUE_TYPE_KEYWORD}
}

// EnsureSearchAttributes adds the search attributes to the namespace if they
// are missing. It is idempotent.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list the search attributes of namespace %s: %w", namespace, err)
	}
	if _, ok := have.GetCustomAttributes()[consumer.CategoryAttribute]; ok {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: SearchAttributes(),
	})
	var exists *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return &searchAttributeError{namespace: namespace, err: err}
	}
	return nil
}

// searchAttributeError says that the namespace lacks a search attribute, which
// this client could not add.
type searchAttributeError struct {
	namespace string
	err       error
}

func (e *searchAttributeError) Error() string {
	return fmt.Sprintf("namespace %s has no search attribute %s, and it cannot be added: %v", e.namespace, consumer.CategoryAttribute, e.err)
}

func (e *searchAttributeError) Unwrap() error { return e.err }

// remedy is what an operator with more rights does.
func (e *searchAttributeError) remedy() string {
	return fmt.Sprintf("add it with `temporal operator search-attribute create --namespace %s --name %s --type Keyword`", e.namespace, consumer.CategoryAttribute)
}
