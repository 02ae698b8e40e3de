"""One query to tables of Parquet files, in an engine for Python:

    python3 tables.py pypolars '{"threads": 2, "memoryBytes": 1e9, "temp": "/tmp", "tables": {"t": "t.parquet"}, "sql": "…", "output": "out.csv"}'

The answer is a file of CSV, or a folder of parts. With --version: the version of the engine.
"""

import json
import os
import sys


def pypolars(task):
    os.environ["POLARS_MAX_THREADS"] = str(task["threads"])
    import polars

    tables = {name: polars.scan_parquet(path) for name, path in task["tables"].items()}
    polars.SQLContext(tables).execute(task["sql"]).sink_csv(task["output"])


def datafusion(task):
    from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

    config = SessionConfig().with_target_partitions(task["threads"])
    runtime = RuntimeEnvBuilder().with_disk_manager_os().with_fair_spill_pool(int(task["memoryBytes"]))
    context = SessionContext(config, runtime)
    for name, path in task["tables"].items():
        context.register_parquet(name, path)
    # One file, in the order of the rows.
    output = task["output"] + ".csv"
    context.sql(f"COPY ({task['sql']}) TO '{output}' STORED AS CSV OPTIONS ('format.has_header' 'true')").collect()
    os.rename(output, task["output"])


def chdb(task):
    from chdb import session

    database = session.Session()
    database.query(f"SET max_threads = {task['threads']}, max_memory_usage = {int(task['memoryBytes'])}")
    for name, path in task["tables"].items():
        database.query(f"CREATE VIEW {name} AS SELECT * FROM file('{path}', Parquet)")
    database.query(f"{task['sql']} INTO OUTFILE '{task['output']}' FORMAT CSVWithNames")


def spark(task):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{task['threads']}]")
    builder = builder.config("spark.driver.memory", f"{int(task['memoryBytes'] / 1e6)}m")
    builder = builder.config("spark.local.dir", task["temp"]).config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", task["threads"]).getOrCreate()
    for name, path in task["tables"].items():
        session.read.parquet(path).createOrReplaceTempView(name)
    session.sql(task["sql"]).write.csv(task["output"], header=True)


ENGINES = {"pypolars": pypolars, "datafusion": datafusion, "chdb": chdb, "spark": spark}
MODULES = {"pypolars": "polars", "spark": "pyspark"}

if __name__ == "__main__":
    engine, task = sys.argv[1:]
    if task == "--version":
        print(__import__(MODULES.get(engine, engine)).__version__)
    else:
        ENGINES[engine](json.loads(task))
