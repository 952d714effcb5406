package org.apache.polaris.service.types;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.io.IOException;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequestParser;

/** Changes to one view; Iceberg's own parser reads them. */
@RegisterForReflection
@JsonDeserialize(using = CommitViewRequest.Deserializer.class)
public class CommitViewRequest extends UpdateTableRequest {
  CommitViewRequest(UpdateTableRequest request) {
    super(request.requirements(), request.updates());
  }

  public static class Deserializer extends JsonDeserializer<CommitViewRequest> {
    @Override
    public CommitViewRequest deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      JsonNode node = parser.getCodec().readTree(parser);
      return new CommitViewRequest(UpdateTableRequestParser.fromJson(node));
    }
  }
}
