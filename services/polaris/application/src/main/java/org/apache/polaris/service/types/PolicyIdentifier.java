package org.apache.polaris.service.types;

import org.apache.iceberg.catalog.Namespace;

/** Name of a policy. */
public record PolicyIdentifier(Namespace namespace, String name) {
  public static PolicyIdentifierBuilder builder() {
    return new PolicyIdentifierBuilder();
  }
}
