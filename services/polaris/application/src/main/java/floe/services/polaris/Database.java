package floe.services.polaris;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.apache.polaris.core.persistence.RetryOnConcurrencyException;

/** Statements and transactions. What a transaction returns has been committed: the database has it on its disk. */
final class Database {
  private static final Set<String> LOST_TO_OTHERS = Set.of("40001", "40P01");
  private static final String NAME_IS_TAKEN = "23505";
  private final DataSource source;
  private final ThreadLocal<Connection> open = new ThreadLocal<>();

  Database(DataSource source) {
    this.source = source;
  }

  /** Reads one record. */
  interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** What is done in a transaction. */
  interface Work<T> {
    T run() throws SQLException;
  }

  /** Does all of it or nothing. Within another transaction it is a part of that one. */
  <T> T transaction(Work<T> work) {
    return connected(() -> committed(work));
  }

  /** Does it within the transaction that is open. Where none is, each statement is committed by itself. */
  private <T> T connected(Work<T> work) {
    try {
      return open.get() == null ? ownConnection(work) : work.run();
    } catch (SQLException error) {
      if (LOST_TO_OTHERS.contains(String.valueOf(error.getSQLState())) || isTaken(error)) {
        throw new RetryOnConcurrencyException(error, "another request changed the same: %s", error.getMessage());
      }
      throw new IllegalStateException("PostgreSQL: " + error.getMessage(), error);
    }
  }

  private static boolean isTaken(SQLException error) {
    return NAME_IS_TAKEN.equals(error.getSQLState());
  }

  private <T> T ownConnection(Work<T> work) throws SQLException {
    try (Connection connection = source.getConnection()) {
      open.set(connection);
      return work.run();
    } finally {
      open.remove();
    }
  }

  private <T> T committed(Work<T> work) throws SQLException {
    Connection connection = open.get();
    if (!connection.getAutoCommit()) {
      return work.run();
    }
    connection.setAutoCommit(false);
    boolean done = false;
    try {
      T result = work.run();
      connection.commit();
      done = true;
      return result;
    } finally {
      if (!done) {
        connection.rollback();
      }
      connection.setAutoCommit(true);
    }
  }

  /** Runs a statement, and says how many records it changed. */
  int change(String sql, Object... values) {
    return connected(
        () -> {
          try (PreparedStatement statement = prepared(sql, values)) {
            return statement.executeUpdate();
          }
        });
  }

  /** Reads all records that a query finds. */
  <T> List<T> all(Reader<T> reader, String sql, Object... values) {
    return connected(
        () -> {
          try (PreparedStatement statement = prepared(sql, values);
              ResultSet rows = statement.executeQuery()) {
            List<T> found = new ArrayList<>();
            while (rows.next()) {
              found.add(reader.read(rows));
            }
            return found;
          }
        });
  }

  /** Reads the first record that a query finds; null where there is none. */
  <T> T first(Reader<T> reader, String sql, Object... values) {
    List<T> found = all(reader, sql, values);
    return found.isEmpty() ? null : found.get(0);
  }

  private PreparedStatement prepared(String sql, Object... values) throws SQLException {
    Connection connection = open.get();
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int number = 0; number < values.length; number++) {
      Object value = values[number];
      if (value instanceof Long[] numbers) {
        statement.setArray(number + 1, connection.createArrayOf("bigint", numbers));
      } else {
        statement.setObject(number + 1, value);
      }
    }
    return statement;
  }
}
