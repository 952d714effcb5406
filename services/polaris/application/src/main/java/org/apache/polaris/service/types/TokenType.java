package org.apache.polaris.service.types;

/** Kinds of tokens that OAuth 2 knows (RFC 8693). */
public enum TokenType {
  ACCESS_TOKEN("access_token"),
  REFRESH_TOKEN("refresh_token"),
  ID_TOKEN("id_token"),
  SAML1("saml1"),
  SAML2("saml2"),
  JWT("jwt");

  private final String value;

  TokenType(String name) {
    this.value = "urn:ietf:params:oauth:token-type:" + name;
  }

  public String getValue() {
    return value;
  }

  /** Reads a form parameter. */
  public static TokenType fromString(String value) {
    for (TokenType type : values()) {
      if (type.value.equals(value)) {
        return type;
      }
    }
    throw new IllegalArgumentException("unknown token type " + value);
  }
}
