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
// are missing. It is idempotent. Where the service may not do that, the error
// says what an operator has to run.
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
		return fmt.Errorf("add search attribute %[1]s: %[2]w; add it with "+
			"`temporal operator search-attribute create --namespace %[3]s --name %[1]s --type Keyword`", consumer.CategoryAttribute, err, namespace)
	}
	return nil
}
