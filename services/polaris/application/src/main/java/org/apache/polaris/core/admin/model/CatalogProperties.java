package org.apache.polaris.core.admin.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.HashMap;
import java.util.Map;

/** Properties of a catalog, of which Polaris needs one. */
@RegisterForReflection
public class CatalogProperties {
  private static final String LOCATION = "default-base-location";
  private final Map<String, String> values;

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public CatalogProperties(Map<String, String> values) {
    this.values = new HashMap<>(values);
  }

  public String getDefaultBaseLocation() {
    return values.get(LOCATION);
  }

  @JsonValue
  public Map<String, String> toMap() {
    return values;
  }

  public static Builder builder(String defaultBaseLocation) {
    return new Builder().putAll(Map.of(LOCATION, defaultBaseLocation));
  }

  public static class Builder {
    private final Map<String, String> values = new HashMap<>();

    public Builder putAll(Map<String, String> more) {
      values.putAll(more);
      return this;
    }

    public CatalogProperties build() {
      return new CatalogProperties(values);
    }
  }
}
