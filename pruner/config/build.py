"""Turn the tables of the file into the values that the rest of pruner reads."""

import shlex
from pathlib import Path
from typing import cast

import msgspec
from packaging.version import Version

from pruner.config import checks, rule_tables, schema, values
from pruner.config.mistakes import Where
from pruner.model import normalise
from pruner.rules import Base, CudaBuild, Family, Kind, Member, Soname, parsed


def config(whole: schema.Whole, root: Path, where: Where) -> values.Config:
    """Return the checked tables as one value, defaults filled in."""
    return values.Config(
        root=root,
        source=whole.project.source,
        locks=whole.project.locks,
        images={name: _image(name, table, whole.project) for name, table in whole.images.items()},
        rules=_rules(whole.rules, where),
        ignore=whole.audit.ignore,
        where=where,
    )


def _indexes(table: schema.ImageTable | schema.ProjectTable) -> dict[str, str]:
    return {normalise(name): url for url, names in table.indexes.items() for name in names}


def _image(name: str, table: schema.ImageTable, project: schema.ProjectTable) -> values.Image:
    return values.Image(
        name=name,
        agents=tuple(_agent(agent) for agent in table.agents),
        dockerfile=table.dockerfile,
        context=table.context,
        target=table.target,
        requirements=table.requirements,
        extras=table.extras,
        groups=table.groups,
        build_args=table.build_args,
        gpu=table.gpu,
        policy=table.policy or values.DEFAULT_POLICY,
        keep=table.keep,
        use=table.use,
        python=table.python,
        services={key: _service(service) for key, service in table.services.items()},
        memory=table.memory,
        processes=table.processes,
        budget=None if table.budget is None else checks.budget(table.budget),
        indexes={**_indexes(project), **_indexes(table)},
        ignore=table.audit.ignore,
    )


def _agent(table: schema.AgentTable) -> values.Agent:
    return values.Agent(
        name=table.name,
        ready=_ready(table.ready),
        module=table.module,
        command=table.command,
        network=cast("values.Network", table.network),
        exercise=tuple(_exercise(item, table.port) for item in table.exercise),
        env=table.env,
        cwd=table.cwd,
    )


def _ready(table: schema.ReadyTable) -> values.Ready:
    if table.http is not None and table.port is not None:
        return values.HttpReady(http=table.http, port=table.port, timeout=table.timeout)
    if table.tcp is not None:
        return values.TcpReady(tcp=table.tcp, timeout=table.timeout)
    if table.log is not None:
        return values.LogReady(log=table.log, timeout=table.timeout)
    return values.ExitReady(exit=table.exit or 0, timeout=table.timeout)


def _exercise(table: schema.ExerciseTable, port: int | None) -> values.Exercise:
    expect = table.expect
    if expect is None:
        expect = 0 if table.run else 200
    return values.Exercise(
        name=table.name or table.http or shlex.join(table.run or ()),
        http=table.http,
        run=table.run,
        port=(table.port or port) if table.http else None,
        json=msgspec.to_builtins(table.json),  # dates become text, as JSON has none
        body=table.body,
        headers=table.headers or {},
        expect=expect if isinstance(expect, tuple) else (expect,),
        contains=table.contains,
        timeout=table.timeout,
        traced=table.traced,
    )


def _service(table: schema.ServiceTable) -> values.Service:
    return values.Service(
        image=table.image,
        local=table.local,
        env=table.env,
        ready=table.port,
        timeout=table.timeout,
    )


def _rules(table: rule_tables.RulesTable, where: Where) -> values.Rules:
    return values.Rules(
        families=tuple(_family(row, where) for row in table.families),
        cuda=tuple(_cuda(row, where) for row in table.cuda),
        sonames=tuple(_soname(row, where) for row in table.sonames),
        bases=tuple(_base(row, where) for row in table.bases),
    )


def _family(table: rule_tables.FamilyTable, where: Where) -> Family:
    return Family(
        name=table.name,
        imports=table.imports,
        kind=cast("Kind", table.kind),
        why=table.why,
        members=tuple(
            Member(
                distribution=normalise(row.distribution), has=row.has, maps=row.maps, gpu=row.gpu
            )
            for row in table.members
        ),
        source=table.source or where.file,
        date=table.date,
    )


def _cuda(table: rule_tables.CudaTable, where: Where) -> CudaBuild:
    return CudaBuild(
        distribution=normalise(table.distribution),
        version=str(Version(table.version)),
        local=table.local,
        cuda=table.cuda,
        cudnn=table.cudnn,
        source=table.source or where.file,
        date=table.date,
    )


def _soname(table: rule_tables.SonameTable, where: Where) -> Soname:
    return Soname(
        soname=table.soname,
        provides=normalise(table.provides) if table.provides else "",
        what=table.what,
        driver=table.driver,
        debian=table.debian,
        source=table.source or where.file,
        date=table.date,
    )


def _base(table: rule_tables.BaseTable, where: Where) -> Base:
    return Base(
        repositories=tuple(parsed(each).repository for each in table.repositories),
        tags=table.tags,
        complete=table.complete,
        python=table.python,
        distribution=table.distribution,
        glibc=table.glibc,
        cuda=table.cuda,
        cudnn=table.cudnn,
        source=table.source or where.file,
        date=table.date,
    )
