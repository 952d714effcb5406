package org.apache.polaris.service.types;

import org.apache.iceberg.catalog.Namespace;

/** Makes the name of a policy. */
public class PolicyIdentifierBuilder {
  private Namespace namespace;
  private String name;

  public PolicyIdentifierBuilder namespace(Namespace value) {
    namespace = value;
    return this;
  }

  public PolicyIdentifierBuilder name(String value) {
    name = value;
    return this;
  }

  public PolicyIdentifier build() {
    return new PolicyIdentifier(namespace, name);
  }
}
